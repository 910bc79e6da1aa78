//! A person signs in with a browser: the address is told, and the browser's return is waited for or pasted.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::attacker::Credentials;
use super::sign_in::{SignInProblem, begin};
use super::target::Target;
use super::wire::Wire;

/// Longer than anybody takes to find a second factor.
const PATIENCE: Duration = Duration::from_mins(5);
const DONE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 36\r\nConnection: close\r\n\r\nSigned in. This window can be closed";

/// `tell` shows a text to the person, `ask` takes an answer.
pub async fn sign_in(
    wire: &Wire,
    target: &Target,
    tell: impl Fn(&str),
    ask: impl FnOnce(&str) -> io::Result<String> + Send + 'static,
) -> Result<Credentials, SignInProblem> {
    let begun = begin(target)?;
    // Before the address is told: the browser may be quicker than we are.
    let listener = listener(begun.redirect()).await;
    tell(&format!(
        "Sign in as a user of the API, with a browser:\n\n  {}\n\n",
        begun.url()
    ));
    let came_back = if let Some((listener, origin)) = listener {
        tell("Waiting for the browser to come back …\n");
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
        // Aside, so that the person can leave too.
        let asking = tokio::task::spawn_blocking(move || ask(&question));
        let answer = asking.await.map_err(io::Error::other).flatten();
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
