//! The files that `init` writes, from `templates/`: pure, so that they can all be looked at before one is written.

use std::path::PathBuf;

use crate::spec;

/// What a starter spec is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    pub name: String,
    pub tenant: String,
    pub provider: Provider,
    pub tier: String,
    pub location: String,
    pub email: String,
    pub environments: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Provider {
    B2c,
    #[value(name = "externalId")]
    ExternalId,
}

/// Whose pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Ci {
    Github,
    Azdo,
}

impl Ci {
    /// The file that says how to set its pipeline up; a repository may have both.
    pub fn guide(self) -> &'static str {
        match self {
            Self::Github => "ci/github.md",
            Self::Azdo => "ci/azure-pipelines.md",
        }
    }
}

/// Tiers that can be made secure (`spec::topology` refuses the others), cheapest first.
pub const TIERS: [&str; 5] = ["Developer", "StandardV2", "Basic", "Standard", "Premium"];

/// A file as it would be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub path: PathBuf,
    pub text: String,
}

impl File {
    fn new(path: &str, text: String) -> Self {
        Self {
            path: path.into(),
            text,
        }
    }
}

const BASE: &str = include_str!("../../templates/starter/secure-api.yaml");
const ENVIRONMENT: &str = include_str!("../../templates/starter/environment.yaml");
const ROLE: &str = include_str!("../../templates/ci/plan-role.json");

const GITHUB: [(&str, &str); 4] = [
    (
        ".github/workflows/secgw.yml",
        include_str!("../../templates/ci/github/secgw.yml"),
    ),
    (
        ".github/workflows/secgw-drift.yml",
        include_str!("../../templates/ci/github/secgw-drift.yml"),
    ),
    (
        ".github/actions/secgw/action.yml",
        include_str!("../../templates/ci/github/action.yml"),
    ),
    (
        "ci/github.md",
        include_str!("../../templates/ci/github/README.md"),
    ),
];

const AZDO: [(&str, &str); 4] = [
    (
        "azure-pipelines.yml",
        include_str!("../../templates/ci/azdo/azure-pipelines.yml"),
    ),
    (
        "ci/secgw-stages.yml",
        include_str!("../../templates/ci/azdo/secgw-stages.yml"),
    ),
    (
        "ci/secgw-install.yml",
        include_str!("../../templates/ci/azdo/secgw-install.yml"),
    ),
    (
        "ci/azure-pipelines.md",
        include_str!("../../templates/ci/azdo/README.md"),
    ),
];

/// The spec that environments share, one for each environment, and their schema.
pub fn spec(starter: &Starter) -> Vec<File> {
    let mut files = vec![File::new(
        "templates/secure-api.yaml",
        filled(BASE, starter, ""),
    )];
    for environment in &starter.environments {
        let path = format!("environments/{environment}.yaml");
        files.push(File::new(&path, filled(ENVIRONMENT, starter, environment)));
    }
    let schema = format!("{:#}\n", spec::schema());
    files.push(File::new("secgw.schema.json", schema));
    files
}

fn filled(template: &str, starter: &Starter, environment: &str) -> String {
    let Starter {
        name,
        tenant,
        provider,
        tier,
        location,
        email,
        environments: _,
    } = starter;
    // Names of user flows have no dashes; those of B2C begin like this.
    let (provider, user_flow) = match provider {
        Provider::B2c => ("b2c", format!("B2C_1_{}", name.replace('-', "_"))),
        Provider::ExternalId => ("externalId", format!("{}_signin", name.replace('-', "_"))),
    };
    // Only a gateway for development may be called from somebody's own machine.
    let app = if tier == "Developer" {
        "http://localhost:5173".to_owned()
    } else {
        format!("https://{name}-{environment}.example.com")
    };
    let values = [
        ("__APP__", app.as_str()),
        ("__NAME__", name.as_str()),
        ("__TENANT__", tenant),
        ("__PROVIDER__", provider),
        ("__USER_FLOW__", &user_flow),
        ("__TIER__", tier),
        ("__LOCATION__", location),
        ("__EMAIL__", email),
        ("__ENVIRONMENT__", environment),
    ];
    put(template, &values)
}

/// Pipelines for these environments.
pub fn pipelines(ci: Ci, environments: &[String]) -> Vec<File> {
    let files = match ci {
        Ci::Github => GITHUB,
        Ci::Azdo => AZDO,
    };
    let environments = environments.join(", ");
    let values = [
        ("__ENVIRONMENTS__", environments.as_str()),
        ("__VERSION__", env!("CARGO_PKG_VERSION")),
        ("__REPOSITORY__", env!("CARGO_PKG_REPOSITORY")),
    ];
    let mut files: Vec<File> = files
        .iter()
        .map(|(path, template)| File::new(path, put(template, &values)))
        .collect();
    files.push(File::new("ci/plan-role.json", ROLE.to_owned()));
    files
}

fn put(template: &str, values: &[(&str, &str)]) -> String {
    let filled = values.iter();
    filled.fold(template.to_owned(), |text, (mark, value)| {
        text.replace(mark, value)
    })
}

/// Everything that is wrong with the answers. What is let through needs no quoting in YAML.
pub fn problems(starter: &Starter) -> Vec<String> {
    let is_name = |text: &str, longest: usize| {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (1..=longest).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-')
            && !text.contains("--")
            && text.chars().all(is_plain)
    };
    let is_host = |text: &str| {
        text.contains('.')
            && text.split('.').all(|label| {
                !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            })
    };
    let is_email = |text: &str| {
        text.split_once('@').is_some_and(|(user, host)| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
            !user.is_empty() && user.chars().all(is_plain) && is_host(host)
        })
    };
    let mut problems = Vec::new();
    let mut expect = |holds: bool, problem: String| {
        if !holds {
            problems.push(problem);
        }
    };
    let name = &starter.name;
    expect(
        is_name(name, 20),
        format!("--name `{name}`: expected up to 20 lowercase letters, digits and dashes"),
    );
    let tenant = &starter.tenant;
    expect(
        is_host(tenant),
        format!("--tenant `{tenant}`: expected a domain such as contosob2c.onmicrosoft.com"),
    );
    let email = &starter.email;
    expect(
        is_email(email),
        format!("--email `{email}`: expected an address such as api@contoso.com"),
    );
    let location = &starter.location;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    expect(
        !location.is_empty() && location.chars().all(is_plain),
        format!("--location `{location}`: expected a region such as westeurope"),
    );
    for environment in &starter.environments {
        expect(
            is_name(environment, 10),
            format!(
                "--env `{environment}`: expected up to 10 lowercase letters, digits and dashes"
            ),
        );
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starter() -> Starter {
        Starter {
            name: "orders".to_owned(),
            tenant: "contosob2c.onmicrosoft.com".to_owned(),
            provider: Provider::B2c,
            tier: "Developer".to_owned(),
            location: "westeurope".to_owned(),
            email: "api@contoso.com".to_owned(),
            environments: vec!["dev".to_owned()],
        }
    }

    #[test]
    fn no_mark_is_left_in_what_is_written() {
        let all = [
            spec(&starter()),
            pipelines(Ci::Github, &starter().environments),
            pipelines(Ci::Azdo, &starter().environments),
        ];
        for file in all.concat() {
            assert!(!file.text.contains("__"), "{}", file.path.display());
        }
    }

    #[test]
    fn every_wrong_answer_is_told_at_once() {
        assert_eq!(problems(&starter()), Vec::<String>::new());
        let wrong = Starter {
            name: "Orders: x".to_owned(),
            tenant: "contoso".to_owned(),
            location: "West Europe".to_owned(),
            email: "nobody".to_owned(),
            environments: vec!["../dev".to_owned()],
            ..starter()
        };
        let told = problems(&wrong);
        assert_eq!(told.len(), 5, "{told:?}");
    }
}
