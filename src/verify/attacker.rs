//! Who attacks: the way there, the target, and what an outsider may have in hand.

use futures::StreamExt as _;
use serde_json::{Value, json};

use super::judge;
use super::message::{Reply, Request, Trouble, exchange};
use super::probe::Shot;
use super::report::{Idle, Outcome, Verdict};
use super::sign_in::SignInProblem;
use super::target::Target;
use super::token::{Forge, Token};
use super::wire::Wire;

/// Requests that are under way at once.
const AT_ONCE: usize = 8;

/// Tokens of a user's own sign-in, and others that must not be taken.
#[derive(Debug, Default)]
pub struct Credentials {
    /// Valid for every scope that the attacked operations ask for.
    pub access: Option<Token>,
    pub identity: Option<Token>,
    /// Of the same user, for fewer scopes than `stricter` asks for.
    pub narrow: Lent,
    /// For the application that the user signed in to, in place of the API.
    pub own: Lent,
    /// Through a user flow that the spec does not name.
    pub other_flow: Lent,
    /// Past its time.
    pub expired: Lent,
    /// Before its time.
    pub early: Lent,
    /// That an application asked for which the spec does not name.
    pub other_client: Lent,
    /// Genuine ones that were given, expired or for somebody else: each must be refused.
    pub bad: Vec<Token>,
    /// Why there is no `access`.
    pub missing: Option<String>,
}

/// A token that was asked for, or why it was not given; none: nobody asked.
pub type Lent = Option<Result<Token, SignInProblem>>;

impl Credentials {
    /// The user's token.
    pub(super) fn valid(&self) -> Result<&Token, Idle> {
        self.access.as_ref().ok_or_else(|| {
            let missing = self.missing.clone();
            Idle::Unknown(missing.unwrap_or_else(|| "there is no token of a user".to_owned()))
        })
    }
}

pub(super) struct Attacker<'a> {
    pub(super) wire: &'a Wire,
    pub(super) target: &'a Target,
    pub(super) tokens: &'a Credentials,
    pub(super) forge: Forge,
    /// The keys by which real tokens are signed.
    pub(super) keys: Result<Value, String>,
}

impl Attacker<'_> {
    /// The attacked operation through the front door.
    pub(super) fn operation(&self) -> Request {
        self.at(self.target.edge())
    }

    /// The attacked operation at another host.
    pub(super) fn at(&self, host: &str) -> Request {
        Request::new(
            &self.target.operation.method,
            host,
            &self.target.operation.path,
        )
    }

    /// With the user's token, where there is one.
    pub(super) fn signed_in(&self, request: Request) -> Request {
        match &self.tokens.access {
            Some(token) => request.signed_in(token),
            None => request,
        }
    }

    pub(super) async fn send(&self, request: &Request) -> Result<Reply, Trouble> {
        self.wire.send(request).await
    }

    pub(super) async fn shoot(&self, shot: &Shot) -> Verdict {
        let answer = self.send(&shot.request).await;
        judge::verdict(&shot.request, &shot.expect, &answer)
    }

    pub(super) async fn shoot_all(&self, shots: &[Shot]) -> Verdict {
        let all = futures::stream::iter(shots)
            .map(|shot| self.shoot(shot))
            .buffered(AT_ONCE)
            .collect()
            .await;
        Verdict::worst(all)
    }

    /// A request `count` times, each with its number, until one is answered as looked for.
    pub(super) async fn burst(
        &self,
        request: impl Fn(u32) -> Request,
        count: u32,
        is_it: fn(&Reply) -> bool,
    ) -> Burst {
        let mut burst = Burst::default();
        let mut answers = futures::stream::iter(0..count)
            .map(|number| {
                let request = request(number);
                async move { self.send(&request).await }
            })
            .buffer_unordered(AT_ONCE);
        while let Some(answer) = answers.next().await {
            burst.sent += 1;
            let is_found = answer.as_ref().is_ok_and(is_it);
            match &answer {
                Err(_) | Ok(Reply { status: 500.., .. }) => burst.troubled += 1,
                Ok(reply) if reply.status < 300 => burst.served += 1,
                Ok(_) => {}
            }
            burst.last = Some(answer);
            if is_found {
                burst.is_found = true;
                break;
            }
        }
        burst
    }

    /// Claims that a right token would have, as far as an outsider knows them.
    pub(super) fn claims(&self) -> Value {
        if let Some(token) = &self.tokens.access {
            return token.claims().clone();
        }
        let provider = &self.target.provider;
        let now = time::OffsetDateTime::now_utc().unix_timestamp();
        json!({
            "iss": provider.issuer(), "aud": provider.audience, "tfp": provider.user_flow,
            "azp": provider.clients.first().map(|client| client.id.as_str()),
            "scp": self.target.operation.scopes.join(" "), "sub": uuid::Uuid::new_v4().to_string(),
            "nbf": now - 60, "iat": now - 60, "exp": now + 3000, "ver": "1.0",
        })
    }

    pub(super) fn key_id(&self) -> &str {
        let own = self.tokens.access.as_ref();
        own.and_then(|token| token.header()["kid"].as_str())
            .or_else(|| self.keys.as_ref().ok()?["keys"][0]["kid"].as_str())
            .unwrap_or("unknown")
    }
}

#[derive(Default)]
pub(super) struct Burst {
    pub(super) sent: u32,
    pub(super) is_found: bool,
    /// Without an answer, or with a failure of the server.
    pub(super) troubled: u32,
    /// Answered with what was asked for.
    pub(super) served: u32,
    last: Option<Result<Reply, Trouble>>,
}

impl Burst {
    pub(super) fn verdict(&self, request: &Request, outcome: Outcome, reason: String) -> Verdict {
        let verdict = Verdict::new(outcome, reason);
        match &self.last {
            Some(answer) => verdict.seen(exchange(request, answer)),
            None => verdict,
        }
    }

    pub(super) fn last(&self) -> Option<&Reply> {
        self.last.as_ref()?.as_ref().ok()
    }
}

/// One request, as a verdict of its own making.
pub(super) async fn told(
    attacker: &Attacker<'_>,
    request: &Request,
    judge: impl FnOnce(&Reply) -> (Outcome, String),
) -> Verdict {
    let answer = attacker.send(request).await;
    let (outcome, reason) = match &answer {
        Ok(reply) => match reply.unevaluated() {
            Some(what) => (Outcome::Inconclusive, format!("the sandbox: {what}")),
            None => judge(reply),
        },
        Err(trouble) => (Outcome::Inconclusive, trouble.to_string()),
    };
    Verdict::new(outcome, reason).seen(exchange(request, &answer))
}
