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
        .map(|name| bad_token(&verify.work, name))
        .collect();
    let bad = bad?;
    let signed_in = match &verify.attack.token_env {
        Some(name) => Ok(Credentials {
            access: Some(access_token(&verify.work, name, target)?),
            ..Credentials::default()
        }),
        None if verify.work.is_sandbox() => sign_in::in_sandbox(wire, target).await,
        None if output.can_ask() => {
            let tell = |text: &str| output.error(text);
            let output = *output;
            let ask = move |question: &str| output.answer(question);
            browser::sign_in(wire, target, tell, ask).await
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

const HINT: &str = "it has to be an access token of a user, as the application gets it";

/// The user's own: for the API and for nobody else, since a token for Azure's own interfaces is a key to the
/// subscription.
fn access_token(work: &Work, name: &str, target: &Target) -> Result<Token, Error> {
    let token = token(work, name)?;
    match &target.provider.audience {
        Some(audience) if token.is_for(audience) => Ok(token),
        Some(audience) => Err(Error::usage(
            format!(
                "{name} holds a token that is not for the API of this spec ({audience}), so it is not sent: {}",
                token.summary()
            ),
            HINT,
        )),
        None => Err(Error::usage(
            format!(
                "{name} is not sent: the application of the API could not be read, so nobody knows whether the token is for it"
            ),
            "see `secgw auth doctor`",
        )),
    }
}

/// One that must be refused, which may be for somebody else, but not for Azure.
fn bad_token(work: &Work, name: &str) -> Result<Token, Error> {
    let token = token(work, name)?;
    if token.is_for_applications() {
        return Ok(token);
    }
    let message = format!(
        "{name} holds a token for Azure's own interfaces, or for nobody who is known to be harmless, which is never sent: {}",
        token.summary()
    );
    Err(Error::usage(
        message,
        "it may be for an application of your directory: its `aud` is an id, `api://…` or `https://NAME.onmicrosoft.com/…`",
    ))
}

fn token(work: &Work, name: &str) -> Result<Token, Error> {
    let Some(text) = work.secret(name) else {
        return Err(Error::usage(
            format!("the variable {name} is not set"),
            HINT,
        ));
    };
    Token::parse(&text).map_err(|error| Error::usage(format!("{name}: {error}"), HINT))
}
