//! What `init` has to know: from options, else from whoever sits there, else as usual.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum as _;

use super::args::InitArgs;
use super::error::Error;
use super::output::Output;
use super::starter::{self, Provider, Starter, TIERS};
use crate::text::list_of_names;

/// Fills in what was not said: from whoever sits there, else as usual.
struct Asker<'a> {
    output: &'a Output,
    can_ask: bool,
    /// Without a terminal nobody agreed to what is usual, unless by `--yes`.
    takes_usual: bool,
    missing: Vec<&'static str>,
}

impl Asker<'_> {
    fn answer(
        &mut self,
        given: Option<String>,
        flag: &'static str,
        text: &str,
        usual: Option<&str>,
    ) -> Result<String, Error> {
        match given {
            Some(given) => Ok(given),
            None if self.can_ask => ask(text, usual, self.output),
            None => {
                let usual = usual.filter(|_| self.takes_usual);
                if usual.is_none() {
                    self.missing.push(flag);
                }
                Ok(usual.unwrap_or_default().to_owned())
            }
        }
    }
}

const PROVIDER: &str = "Users sign in with (b2c, externalId)";
const TENANT: &str = "Domain of the tenant where the users are";
const TIER: &str = "Tier of API Management (Developer, StandardV2, Basic, Standard, Premium)";
const EMAIL: &str = "Whom Azure writes to about the gateway";

pub(super) fn asked(init: InitArgs, output: &Output) -> Result<Starter, Error> {
    let InitArgs {
        directory,
        name,
        tenant,
        provider,
        tier,
        location,
        email,
        env: mut environments,
        ci: _,
        yes,
    } = init;
    let mut asker = Asker {
        output,
        can_ask: !yes && output.can_ask(),
        takes_usual: yes,
        missing: Vec::new(),
    };
    let usual = named_after(&directory);
    let name = asker.answer(name, "--name", "Name of the API", Some(&usual))?;
    let given = provider.and_then(|provider| provider.to_possible_value());
    let given = given.map(|value| value.get_name().to_owned());
    let provider = asker.answer(given, "--provider", PROVIDER, Some("b2c"))?;
    let tenant = asker.answer(tenant, "--tenant", TENANT, None)?;
    let tier = asker.answer(tier, "--tier", TIER, Some("Developer"))?;
    let location = asker.answer(
        location,
        "--location",
        "Region of Azure",
        Some("westeurope"),
    )?;
    let usual = format!("api@{tenant}");
    let email = asker.answer(email, "--email", EMAIL, Some(&usual))?;
    if !asker.missing.is_empty() {
        return Err(Error::usage(
            format!(
                "nothing was written: {} not given",
                list_of_names(asker.missing)
            ),
            "give them as options; `--yes` takes the rest as usual",
        ));
    }
    let provider = Provider::from_str(&provider, true).map_err(|_| {
        Error::usage(
            format!("nothing was written: there is no provider `{provider}`"),
            "there is b2c and externalId",
        )
    })?;
    if environments.is_empty() {
        environments.push("dev".to_owned());
    }
    checked(Starter {
        name,
        tenant,
        provider,
        tier,
        location,
        email,
        environments,
    })
}

fn checked(starter: Starter) -> Result<Starter, Error> {
    let mut problems = starter::problems(&starter);
    if !TIERS.contains(&starter.tier.as_str()) {
        problems.push(format!(
            "--tier `{}`: there is {}",
            starter.tier,
            list_of_names(TIERS)
        ));
    }
    if problems.is_empty() {
        return Ok(starter);
    }
    Err(Error::usage(
        format!("nothing was written:\n{}", problems.join("\n")),
        "`secgw init --help` shows what is expected",
    ))
}

/// Nothing typed is what is usual.
fn ask(text: &str, usual: Option<&str>, output: &Output) -> Result<String, Error> {
    let shown = usual.map(|usual| format!(" [{usual}]")).unwrap_or_default();
    let answer = output.answer(&format!("{text}{shown}: "));
    let answer = answer.context("cannot read the answer")?;
    match (answer.as_str(), usual) {
        ("", Some(usual)) => Ok(usual.to_owned()),
        (answer, _) => Ok(answer.to_owned()),
    }
}

/// The name of the directory where it can be one, else a plain one.
fn named_after(directory: &Path) -> String {
    let full: Option<PathBuf> = std::path::absolute(directory).ok();
    let name = full.as_deref().and_then(Path::file_name);
    let name = name.and_then(|name| name.to_str()).unwrap_or_default();
    let is_plain = name.len() <= 20
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if is_plain {
        name.to_owned()
    } else {
        "api".to_owned()
    }
}
