//! As whom `verify` attacks: a token that was given, an account of the sandbox, or a person with a browser.
//!
//! To a person the address is shown, and the browser's return is waited for or pasted.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::error::Error;
use super::output::Output;
use super::settings::{Verify, Work};
use crate::verify::sign_in::{self, SignInProblem};
use crate::verify::{Credentials, Target, Token, Wire};

/// Longer than anybody takes to find a second factor.
const PATIENCE: Duration = Duration::from_mins(5);
const DONE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 36\r\nConnection: close\r\n\r\nSigned in. This window can be closed";

/// The user's token: given, or by a sign-in. Without one the probes that need it are inconclusive.
pub(super) async fn credentials(
    wire: &Wire,
    target: &Target,
    verify: &Verify,
    output: &Output,
) -> Result<Credentials, Error> {
    let bad: Result<Vec<Token>, Error> = verify
        .bad
        .iter()
        .map(|name| token(&verify.work, name))
        .collect();
    let bad = bad?;
    let signed_in = match &verify.token {
        Some(name) => Ok(Credentials {
            access: Some(token(&verify.work, name)?),
            ..Credentials::default()
        }),
        None if verify.work.is_sandbox() => sign_in::in_sandbox(wire, target).await,
        None if output.can_ask() => by_browser(wire, target, output).await,
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

async fn by_browser(
    wire: &Wire,
    target: &Target,
    output: &Output,
) -> Result<Credentials, SignInProblem> {
    let begun = sign_in::begin(target)?;
    output.error(&format!(
        "Sign in as a user of the API, with a browser:\n\n  {}\n\n",
        begun.url()
    ));
    let came_back = if let Some((listener, origin)) = listener(begun.redirect()).await {
        output.error("Waiting for the browser to come back …\n");
        let waiting = tokio::time::timeout(PATIENCE, arrival(&listener)).await;
        let path = waiting.ok().flatten();
        let path =
            path.ok_or_else(|| SignInProblem::Refused("the browser did not come back".to_owned()))?;
        format!("{origin}{path}")
    } else {
        let question = format!(
            "The browser ends at {}. Paste the whole address that it shows there: ",
            begun.redirect()
        );
        let answer = output.answer(&question);
        answer.map_err(|error| SignInProblem::Refused(error.to_string()))?
    };
    begun.finish(wire, &came_back).await
}

/// Only an address of this machine can be waited at.
async fn listener(redirect: &str) -> Option<(TcpListener, String)> {
    let address = url::Url::parse(redirect).ok()?;
    if address.scheme() != "http" || address.host_str() != Some("localhost") {
        return None;
    }
    let port = address.port_or_known_default()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.ok()?;
    Some((listener, address.origin().ascii_serialization()))
}

/// The address of the first request that brings an answer of the identity provider.
async fn arrival(listener: &TcpListener) -> Option<String> {
    loop {
        let (mut stream, _) = listener.accept().await.ok()?;
        let mut head = vec![0; 16 * 1024];
        let count = stream.read(&mut head).await.ok()?;
        let head = String::from_utf8_lossy(&head[..count]).into_owned();
        // A browser that has gone away has brought its answer all the same.
        drop(stream.write_all(DONE.as_bytes()).await);
        let path = head.split_whitespace().nth(1).unwrap_or_default();
        if path.contains("code=") || path.contains("error=") {
            return Some(path.to_owned());
        }
    }
}
