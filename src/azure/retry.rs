//! Which failures are worth another try, how long to wait, and when to stop: a table, and functions over values.
//!
//! `azure_core`'s own retry is off in secgw's pipeline because it sees neither method nor error code: it would repeat a
//! POST that creates an object, and not repeat a 409 that asks for it. `client` runs this loop and reports every wait.

use std::time::Duration;

use super::operation::growing;
use super::request::{Repeat, Request, Verb};
use super::response::AzureError;
use crate::resource::{Evidence, Realm};

/// A wait, and whose idea it was: the sandbox shortens ours, never the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    Told(Duration),
    Ours(Duration),
}

impl Wait {
    pub fn nominal(self) -> Duration {
        match self {
            Self::Told(wait) | Self::Ours(wait) => wait,
        }
    }
}

/// A failure that passes by itself.
#[derive(Debug)]
pub struct Passing {
    pub status: u16,
    /// Of the error or of one of its details; empty for any.
    pub code: &'static str,
    /// Part of the message, where the code says too little; empty for any.
    pub says: &'static str,
    pub on: On,
    pub first: Duration,
    pub longest: Duration,
    /// Waited in total before giving up.
    pub patience: Duration,
    /// For the reader of the progress line.
    pub because: &'static str,
    pub evidence: Evidence,
}

/// Which requests a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Any,
    /// Only what may be sent twice: the first one may have arrived.
    Repeatable,
    ArmWrite,
    /// A deletion is left out: there a 404 is the wanted end.
    GraphWrite,
}

impl On {
    fn covers(self, request: &Request) -> bool {
        match self {
            Self::Any => true,
            Self::Repeatable => request.repeat == Repeat::Safe,
            Self::ArmWrite => !request.reads && request.realm == Realm::Arm,
            Self::GraphWrite => {
                !request.reads
                    && request.verb != Verb::Delete
                    && matches!(request.realm, Realm::Graph(_))
            }
        }
    }
}

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

/// First match wins, so the telling rows stand before the general ones.
pub const PASSING: &[Passing] = &[
    Passing {
        status: 409,
        code: "PessimisticConcurrencyConflict",
        says: "",
        on: On::ArmWrite,
        first: seconds(5),
        longest: seconds(60),
        patience: minutes(15),
        because: "another write to the same API is in progress",
        evidence: Evidence::Documented("domain.md I 3", "2026-11-23"),
    },
    Passing {
        status: 409,
        code: "AnotherOperationInProgress",
        says: "",
        on: On::ArmWrite,
        first: seconds(5),
        longest: seconds(30),
        patience: minutes(15),
        because: "another operation on this network is in progress",
        evidence: Evidence::Recorded("asosample__Test_Network_v20250301_CreationAndDeletion"),
    },
    Passing {
        status: 429,
        code: "RetryableError",
        says: "",
        on: On::ArmWrite,
        first: seconds(10),
        longest: seconds(30),
        patience: minutes(15),
        because: "a resource it refers to is being changed",
        evidence: Evidence::Recorded("aso__Test_Networking_RouteTable_20250301_CRUD"),
    },
    Passing {
        status: 400,
        code: "ReferencedResourceNotProvisioned",
        says: "",
        on: On::ArmWrite,
        first: seconds(5),
        longest: seconds(30),
        patience: minutes(10),
        because: "a resource it refers to is being changed",
        evidence: Evidence::Recorded("asosample__Test_Network_v1api20240301_CreationAndDeletion"),
    },
    Passing {
        status: 409,
        code: "Conflict",
        says: "another operation is in progress",
        on: On::ArmWrite,
        first: seconds(10),
        longest: seconds(30),
        patience: minutes(15),
        because: "another operation on the function app is in progress",
        evidence: Evidence::Recorded("aso__Test_Web_SitesSourcecontrol_v20220301_CRUD"),
    },
    Passing {
        status: 429,
        code: "59206",
        says: "",
        on: On::ArmWrite,
        first: seconds(10),
        longest: seconds(30),
        patience: minutes(15),
        because: "the function app is locked by another operation",
        evidence: Evidence::Recorded(
            "cli_appservice__test_functionapp_create_with_vnet_by_subnet_rid",
        ),
    },
    Passing {
        status: 409,
        code: "StorageAccountIsNotProvisioned",
        says: "",
        on: On::Repeatable,
        first: seconds(5),
        longest: seconds(20),
        patience: minutes(5),
        because: "the storage account is being created",
        evidence: Evidence::Recorded(
            "aso__Test_CreateStorageAccountWithSkipReconcile_SecretsAreWritten",
        ),
    },
    Passing {
        status: 409,
        code: "CannotDeleteResource",
        says: "nested resources exist",
        on: On::ArmWrite,
        first: seconds(10),
        longest: seconds(30),
        patience: minutes(5),
        because: "what it contains is still being deleted",
        evidence: Evidence::Recorded("aso__Test_Networking_PrivateDnsZone_20240601_CRUD"),
    },
    Passing {
        status: 400,
        code: "InUseSubnetCannotBeDeleted",
        says: "",
        on: On::ArmWrite,
        first: seconds(30),
        longest: seconds(60),
        patience: minutes(60),
        because: "a deleted service has not let go of the subnet yet",
        evidence: Evidence::Documented("domain.md I 21", "2026-11-23"),
    },
    Passing {
        status: 400,
        code: "BadRequest",
        says: "at least one enabled origin is created",
        on: On::ArmWrite,
        first: seconds(10),
        longest: seconds(30),
        patience: minutes(5),
        because: "Front Door does not see the origin yet",
        evidence: Evidence::Recorded("aso__Test_CDN_Profile_AFD_CRUD"),
    },
    Passing {
        status: 400,
        code: "BadRequest",
        says: "is in a invalid provisioning state",
        on: On::ArmWrite,
        first: seconds(10),
        longest: seconds(30),
        patience: minutes(5),
        because: "Front Door is still creating the endpoint",
        evidence: Evidence::Recorded("aso__Test_CDN_Profile_AFD_CRUD"),
    },
    Passing {
        status: 400,
        code: "PrincipalNotFound",
        says: "",
        on: On::ArmWrite,
        first: seconds(5),
        longest: seconds(30),
        patience: minutes(5),
        because: "Entra has not replicated the new identity yet",
        evidence: Evidence::Recorded("aso__Test_Authorization_RoleAssignment_OnResourceGroup_CRUD"),
    },
    Passing {
        status: 404,
        code: "ResourceGroupNotFound",
        says: "",
        on: On::ArmWrite,
        first: seconds(2),
        longest: seconds(10),
        patience: minutes(1),
        because: "the new resource group is not known everywhere yet",
        evidence: Evidence::Inferred(
            "ARM caches per region; the group was read or created right before",
        ),
    },
    Passing {
        status: 404,
        code: "Request_ResourceNotFound",
        says: "",
        on: On::GraphWrite,
        first: seconds(2),
        longest: seconds(30),
        patience: minutes(3),
        because: "the directory has not replicated the object yet",
        evidence: Evidence::Documented("domain.md I 12", "2026-11-23"),
    },
    Passing {
        status: 400,
        code: "",
        says: "does not reference a valid application object",
        on: On::GraphWrite,
        first: seconds(2),
        longest: seconds(30),
        patience: minutes(3),
        because: "the directory has not replicated the application yet",
        evidence: Evidence::Documented("domain.md I 12", "2026-11-23"),
    },
    Passing {
        status: 401,
        code: "",
        says: "",
        on: On::Any,
        first: seconds(1),
        longest: seconds(1),
        patience: seconds(1),
        because: "the token was refused and is renewed",
        evidence: Evidence::Documented(
            "azure_core 1.1 BearerTokenAuthorizationPolicy",
            "2026-11-23",
        ),
    },
    Passing {
        status: 408,
        code: "",
        says: "",
        on: On::Repeatable,
        first: seconds(1),
        longest: seconds(10),
        patience: minutes(2),
        because: "Azure timed out",
        evidence: Evidence::Documented("azure_core 1.1 default retry statuses", "2026-11-23"),
    },
    // Throttled: the request was not looked at, so even a create may be sent again.
    Passing {
        status: 429,
        code: "",
        says: "",
        on: On::Any,
        first: seconds(5),
        longest: seconds(60),
        patience: minutes(30),
        because: "Azure limits the rate of requests",
        evidence: Evidence::Documented("domain.md I 13", "2026-11-23"),
    },
    Passing {
        status: 500,
        code: "",
        says: "",
        on: On::Repeatable,
        first: seconds(1),
        longest: seconds(15),
        patience: minutes(1),
        because: "Azure had an internal error",
        evidence: Evidence::Recorded("aso__Test_ApiManagement_20220801_CRUD"),
    },
    Passing {
        status: 502,
        code: "",
        says: "",
        on: On::Repeatable,
        first: seconds(1),
        longest: seconds(15),
        patience: minutes(3),
        because: "a gateway of Azure failed",
        evidence: Evidence::Documented("azure_core 1.1 default retry statuses", "2026-11-23"),
    },
    Passing {
        status: 503,
        code: "",
        says: "",
        on: On::Repeatable,
        first: seconds(2),
        longest: seconds(30),
        patience: minutes(5),
        because: "the service is not available",
        evidence: Evidence::Documented("domain.md I 13", "2026-11-23"),
    },
    Passing {
        status: 504,
        code: "",
        says: "",
        on: On::Repeatable,
        first: seconds(5),
        longest: seconds(30),
        patience: minutes(5),
        because: "the service did not answer in time",
        evidence: Evidence::Recorded(
            "cli_appservice__test_functionapp_create_with_vnet_by_subnet_rid",
        ),
    },
];

/// What the connection did, when there is no answer to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The request never left: safe to repeat whatever it is.
    BeforeSending,
    /// It may have arrived.
    Underway,
}

/// Another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    pub wait: Wait,
    pub because: &'static str,
    /// The budget of the whole realm is used up, not this request's turn.
    pub holds_realm: bool,
}

/// How often this request has been tried, and how long was waited for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    pub retries: u32,
    pub waited: Duration,
}

impl Tries {
    #[must_use]
    pub fn after(self, again: Again) -> Self {
        Self {
            retries: self.retries + 1,
            waited: self.waited + again.wait.nominal(),
        }
    }
}

pub fn after_error(request: &Request, error: &AzureError, tries: Tries) -> Option<Again> {
    let row = PASSING.iter().find(|row| row.matches(request, error))?;
    let wait = match error.retry_after.filter(|told| !told.is_zero()) {
        Some(told) => Wait::Told(told),
        None => Wait::Ours(growing(row.first, tries.retries, row.longest)),
    };
    // A server that asks for more than our patience at once is obeyed once.
    (tries.retries == 0 || tries.waited + wait.nominal() <= row.patience).then_some(Again {
        wait,
        because: row.because,
        holds_realm: error.status == 429 && row.code.is_empty(),
    })
}

pub fn after_break(request: &Request, broken: Broken, tries: Tries) -> Option<Again> {
    const PATIENCE: Duration = seconds(60);
    let may_repeat = broken == Broken::BeforeSending || request.repeat == Repeat::Safe;
    let wait = growing(Duration::from_millis(250), tries.retries * 2, seconds(10));
    (may_repeat && tries.waited + wait <= PATIENCE).then_some(Again {
        wait: Wait::Ours(wait),
        because: "the connection failed",
        holds_realm: false,
    })
}

impl Passing {
    fn matches(&self, request: &Request, error: &AzureError) -> bool {
        self.status == error.status
            && (self.code.is_empty() || error.has_code(self.code))
            && (self.says.is_empty() || error.says(self.says))
            && self.on.covers(request)
    }
}

#[cfg(test)]
mod tests {
    use super::super::response::{Detail, Response};
    use super::*;
    use crate::resource::Directory;
    use serde_json::json;
    use url::Url;

    fn url() -> Url {
        Url::parse("https://management.azure.com/x").unwrap()
    }

    fn put() -> Request {
        Request::put(Realm::Arm, url(), json!({}))
    }

    fn create() -> Request {
        Request::post(Realm::Graph(Directory::Identity), url(), Some(json!({})))
    }

    fn error(status: u16, code: &str, message: &str) -> AzureError {
        let body = json!({"error": {"code": code, "message": message}}).to_string();
        AzureError::parse(&Response::new(status, [], body.as_bytes()))
    }

    fn because(request: &Request, error: &AzureError) -> Option<&'static str> {
        after_error(request, error, Tries::default()).map(|again| again.because)
    }

    #[test]
    fn every_row_can_be_reached_and_waits_sensibly() {
        for row in PASSING {
            let request = match row.on {
                On::GraphWrite => create(),
                On::Any | On::Repeatable | On::ArmWrite => put(),
            };
            let error = error(row.status, row.code, row.says);
            let hit = PASSING
                .iter()
                .find(|row| row.matches(&request, &error))
                .unwrap();
            assert!(
                std::ptr::eq(hit, row),
                "{} {} is hidden by {}",
                row.status,
                row.because,
                hit.because
            );
            assert!(
                row.first <= row.longest && row.longest <= row.patience.max(row.longest),
                "{}",
                row.because
            );
        }
    }

    #[test]
    fn conflicts_of_parallel_writes_are_tried_again() {
        let conflict = error(
            409,
            "PessimisticConcurrencyConflict",
            "Operation on the API is in progress",
        );
        assert_eq!(
            because(&put(), &conflict),
            Some("another write to the same API is in progress")
        );
        let mut locked = error(429, "429", "Cannot acquire exclusive lock");
        locked.details.push(Detail {
            code: Some("59206".into()),
            target: None,
            message: None,
        });
        assert_eq!(
            because(&put(), &locked),
            Some("the function app is locked by another operation")
        );
        assert_eq!(
            because(&put(), &error(409, "Conflict", "The name is taken")),
            None
        );
    }

    #[test]
    fn mistakes_are_not_tried_again() {
        for (status, code) in [
            (400, "ValidationError"),
            (403, "AuthorizationFailed"),
            (412, "PreconditionFailed"),
        ] {
            assert_eq!(because(&put(), &error(status, code, "no")), None, "{code}");
        }
    }

    #[test]
    fn reads_of_what_is_not_there_are_answered_at_once() {
        let missing = error(404, "Request_ResourceNotFound", "does not exist");
        let read = Request::get(Realm::Graph(Directory::Identity), url());
        assert_eq!(because(&read, &missing), None);
        assert_eq!(
            because(&create(), &missing),
            Some("the directory has not replicated the object yet")
        );
        let delete = Request::delete(Realm::Graph(Directory::Identity), url());
        assert_eq!(because(&delete, &missing), None);
    }

    #[test]
    fn a_create_that_may_have_arrived_is_never_sent_twice() {
        assert_eq!(
            because(&create(), &error(503, "ServiceUnavailable", "")),
            None
        );
        assert!(because(&create(), &error(429, "TooManyRequests", "")).is_some());
        assert_eq!(
            after_break(&create(), Broken::Underway, Tries::default()),
            None
        );
        assert!(after_break(&create(), Broken::BeforeSending, Tries::default()).is_some());
        assert!(after_break(&put(), Broken::Underway, Tries::default()).is_some());
    }

    #[test]
    fn the_servers_wait_comes_first_and_ours_grow_until_patience_ends() {
        let mut throttled = error(429, "TooManyRequests", "");
        throttled.retry_after = Some(seconds(47));
        assert_eq!(
            after_error(&put(), &throttled, Tries::default())
                .unwrap()
                .wait,
            Wait::Told(seconds(47))
        );

        let failing = error(500, "InternalServerError", "");
        let mut tries = Tries::default();
        let mut waits = Vec::new();
        while let Some(again) = after_error(&put(), &failing, tries) {
            waits.push(again.wait.nominal());
            tries = tries.after(again);
        }
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
        assert!(tries.waited <= minutes(1) && waits.len() >= 5, "{waits:?}");
    }

    #[test]
    fn a_refused_token_is_renewed_once() {
        let refused = error(401, "ExpiredAuthenticationToken", "");
        let again = after_error(&create(), &refused, Tries::default()).unwrap();
        assert_eq!(again.wait, Wait::Ours(seconds(1)));
        assert_eq!(
            after_error(&create(), &refused, Tries::default().after(again)),
            None
        );
    }
}
