//! The same of several environments, side by side: one sandbox, one view, one exit code.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::environments::known;
use super::{Error, Exit, Output, load_in_cloud};
use crate::cli::args::{ALL, Form};
use crate::cli::deliver::{deliver, unplanned};
use crate::cli::session::{self, Ground, Planned, Session};
use crate::cli::settings::Work;
use crate::render::Target;
use crate::render::several::{Part, Several};
use crate::render::told::Told;

/// What a command says of each, and how a run for it alone would end.
pub(super) struct Look {
    pub(super) word: &'static str,
    pub(super) told: for<'a> fn(&'a Planned, &'a Target) -> Told<'a>,
    pub(super) status: fn(&Planned, bool) -> Exit,
    /// Whether changes are worth an exit code.
    pub(super) detailed_exitcode: bool,
}

/// The worst exit wins. An environment that cannot be planned takes nothing from the others.
pub(super) async fn run(look: &Look, work: &Work, output: &Output) -> Result<Exit, Error> {
    let ready = ready(work).await;
    let (names, ground) = ready.map_err(|error| unplanned(error, look.word, work, output))?;
    let each = names.iter().map(|name| one(name, &ground, work, output));
    let ended = join_all(each).await;
    ground.leave().await;
    let exit = |ended: &Result<(Planned, Target), Error>| match ended {
        Ok((planned, _)) => (look.status)(planned, look.detailed_exitcode),
        Err(error) => error.exit(),
    };
    let parts = names.iter().zip(&ended).map(|(name, ended)| Part {
        environment: name.clone(),
        exit_code: exit(ended).code(),
        told: match ended {
            Ok((planned, target)) => Ok((look.told)(planned, target)),
            Err(error) => Err(error.problem()),
        },
    });
    let several = Several {
        word: look.word,
        parts: parts.collect(),
    };
    deliver(Told::Several(&several), work, output)?;
    for (name, ended) in names.iter().zip(&ended) {
        if let Err(error) = ended {
            let text = error.render(output.room().width);
            output.error(&format!("{name}:\n{text}"));
        }
    }
    Ok(ended.iter().map(exit).max().unwrap_or(Exit::Ok))
}

async fn ready(work: &Work) -> Result<(Vec<String>, Ground), Error> {
    if work.out.iter().any(|sink| sink.form == Form::Plan) {
        return Err(Error::usage(
            "a saved plan is of one environment",
            "name one with `-e`, or run it once for each",
        ));
    }
    Ok((chosen(work)?, Ground::prepare(&work.place).await?))
}

/// Each once, in the order in which they were named.
fn chosen(work: &Work) -> Result<Vec<String>, Error> {
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    for name in &work.environments {
        let meant = if name == ALL {
            known(&work.spec.directory)?
        } else {
            vec![name.clone()]
        };
        names.extend(meant.into_iter().filter(|name| seen.insert(name.clone())));
    }
    Ok(names)
}

async fn one(
    name: &str,
    ground: &Ground,
    work: &Work,
    output: &Output,
) -> Result<(Planned, Target), Error> {
    let work = work.of(name);
    let loaded = load_in_cloud(&work)?;
    let desired = session::compile(&loaded)?;
    let session = Session::on(ground.clone(), &work, &loaded.spec).await?;
    let choice = &work.choice;
    let planned = session.plan(&loaded.spec, desired, choice, output).await;
    let target = session.target.clone();
    session.close().await;
    Ok((planned?, target))
}
