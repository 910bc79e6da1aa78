//! One row of the attack matrix (domain facts H): what is sent, what must come of it, and what it means when it does not.

use futures::future::BoxFuture;

use super::attacker::Attacker;
use super::message::{Reply, Request};
use super::report::{Idle, Verdict};
use crate::resource::Severity;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Theme {
    Tokens,
    Transport,
    Bypass,
    Backend,
    Origins,
    Limits,
    Leaks,
    Requests,
    SignIn,
    Hosts,
}

impl Theme {
    pub fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Transport => "transport",
            Self::Bypass => "bypass",
            Self::Backend => "backend",
            Self::Origins => "origins",
            Self::Limits => "limits",
            Self::Leaks => "leaks",
            Self::Requests => "requests",
            Self::SignIn => "sign-in",
            Self::Hosts => "hosts",
        }
    }
}

/// What has to be there before a pass says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// What is looked for is seen in the answer itself.
    Nothing,
    /// Whoever answers says it; that nobody does means something only where a valid token gets an answer.
    Answer,
    /// A refusal at the sign-in means something only where a user can sign in.
    User,
    /// A refusal means something only where a valid token is not refused.
    Control,
}

pub struct Probe {
    pub id: &'static str,
    pub title: &'static str,
    pub theme: Theme,
    /// Of a success of the attack.
    pub severity: Severity,
    pub sends: &'static str,
    pub passes: &'static str,
    pub means: &'static str,
    /// Ids of the controls that say the same of the configuration.
    pub controls: &'static [&'static str],
    /// Looks like an attack to whoever watches the logs; only when asked for.
    pub is_loud: bool,
    pub(super) needs: Needs,
    pub(super) attempt: Attempt,
}

impl std::fmt::Debug for Probe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

pub(super) enum Attempt {
    Shots(Shots),
    Course(Course),
}

/// Independent requests to an attacker's target, each with what is expected of it; or why there are none to send.
pub(super) type Shots = fn(&Attacker<'_>) -> Result<Vec<Shot>, Idle>;

/// Requests that follow from each other.
pub(super) type Course = for<'a> fn(&'a Attacker<'a>) -> BoxFuture<'a, Verdict>;

/// What the rows of a theme have in common, unless one says otherwise.
#[derive(Clone, Copy)]
pub(super) struct Head {
    theme: Theme,
    needs: Needs,
}

#[expect(
    clippy::too_many_arguments,
    reason = "a row of a table: each is a column"
)]
impl Head {
    /// Most look for refusals.
    pub(super) const fn of(theme: Theme) -> Self {
        Self {
            theme,
            needs: Needs::Control,
        }
    }

    pub(super) const fn needing(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    pub(super) const fn row(
        self,
        names: (&'static str, &'static str),
        severity: Severity,
        sends: &'static str,
        verdicts: (&'static str, &'static str),
        controls: &'static [&'static str],
        shots: Shots,
    ) -> Probe {
        let attempt = Attempt::Shots(shots);
        self.probe(names, severity, sends, verdicts, controls, attempt)
    }

    pub(super) const fn course(
        self,
        names: (&'static str, &'static str),
        severity: Severity,
        sends: &'static str,
        verdicts: (&'static str, &'static str),
        controls: &'static [&'static str],
        course: Course,
    ) -> Probe {
        let attempt = Attempt::Course(course);
        self.probe(names, severity, sends, verdicts, controls, attempt)
    }

    const fn probe(
        self,
        (id, title): (&'static str, &'static str),
        severity: Severity,
        sends: &'static str,
        (passes, means): (&'static str, &'static str),
        controls: &'static [&'static str],
        attempt: Attempt,
    ) -> Probe {
        Probe {
            id,
            title,
            theme: self.theme,
            severity,
            sends,
            passes,
            means,
            controls,
            is_loud: false,
            needs: self.needs,
            attempt,
        }
    }
}

impl Probe {
    pub(super) const fn loud(self) -> Self {
        Self {
            is_loud: true,
            ..self
        }
    }

    pub(super) const fn needing(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }
}

pub(super) struct Shot {
    pub(super) request: Request,
    pub(super) expect: Expect,
}

/// What an answer must be like for the attack to have failed.
#[derive(Clone, Copy)]
pub(super) struct Expect {
    pub(super) statuses: &'static [u16],
    /// No answer at all is as good.
    pub(super) or_absent: bool,
    /// No other answer is as good: whoever answers is reachable.
    pub(super) is_strict: bool,
    /// Whether the Function may answer.
    pub(super) may_reach: bool,
    /// What else would be wrong with the answer.
    pub(super) also: fn(&Reply) -> Option<String>,
}

impl Expect {
    pub(super) const fn statuses(statuses: &'static [u16]) -> Self {
        Self {
            statuses,
            or_absent: false,
            is_strict: false,
            may_reach: false,
            also: |_| None,
        }
    }

    pub(super) const fn or_absent(self) -> Self {
        Self {
            or_absent: true,
            ..self
        }
    }

    pub(super) const fn strict(self) -> Self {
        Self {
            is_strict: true,
            ..self
        }
    }

    pub(super) const fn reaching(self) -> Self {
        Self {
            may_reach: true,
            ..self
        }
    }

    pub(super) const fn also(self, also: fn(&Reply) -> Option<String>) -> Self {
        Self { also, ..self }
    }
}

impl Shot {
    pub(super) fn new(request: Request, expect: Expect) -> Self {
        Self { request, expect }
    }
}
