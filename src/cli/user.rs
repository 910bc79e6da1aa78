//! As whom `verify` attacks: a token that was given, an account of the sandbox, or a person with a browser.

use super::error::Error;
use super::output::Output;
use super::settings::{Verify, Work};
use crate::verify::{Credentials, Target, Token, Wire, browser, sign_in};

/// The user's token: given, or by a sign-in. Without one the probes that need it are inconclusive.
pub(super) async fn credentials(
    wire: &Wire,
    target: &Target,
    verify: &Verify,
    output: &Output,
) -> Result<Credentials, Error> {
    let bad: Result<Vec<Token>, Error> = verify
        .attack
        .bad_token_env
        .iter()
        .map(|name| token(&verify.work, name))
        .collect();
    let bad = bad?;
    let signed_in = match &verify.attack.token_env {
        Some(name) => Ok(Credentials {
            access: Some(token(&verify.work, name)?),
            ..Credentials::default()
        }),
        None if verify.work.is_sandbox() => sign_in::in_sandbox(wire, target).await,
        None if output.can_ask() => {
            let tell = |text: &str| output.error(text);
            browser::sign_in(wire, target, tell, |question| output.answer(question)).await
        }
        None => Ok(Credentials {
            missing: Some(
                "there is no user to sign in: give an access token with --token-env".to_owned(),
            ),
            ..Credentials::default()
        }),
    };
    let credentials = signed_in.unwrap_or_else(|problem| Credentials {
        missing: Some(format!("no user could sign in: {problem}")),
        ..Credentials::default()
    });
    Ok(Credentials { bad, ..credentials })
}

fn token(work: &Work, name: &str) -> Result<Token, Error> {
    let hint = "it has to be an access token of a user, as the application gets it";
    let Some(text) = work.secret(name) else {
        return Err(Error::usage(
            format!("the variable {name} is not set"),
            hint,
        ));
    };
    let token =
        Token::parse(&text).map_err(|error| Error::usage(format!("{name}: {error}"), hint))?;
    if token.is_for_management() {
        let message =
            format!("{name} holds a token for Azure's own interfaces, which is never sent");
        return Err(Error::usage(message, hint));
    }
    Ok(token)
}
