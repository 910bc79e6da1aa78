//! Faults on request: what a test, or somebody trying secgw out, wants to go wrong.
//!
//! They are asked for in-process ([`Faults`]), by `DIR/faults.json` before the start, or over the wire from loopback at
//! `/.sandbox/faults` (GET what is set, POST one more, DELETE all).

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::message::{Method, Request, Response};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Only requests of these methods; empty: all.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Only requests whose host and path contain this, in any case.
    #[serde(default)]
    pub path: String,
    /// How many of the requests that fit pass unharmed before.
    #[serde(default)]
    pub after: u64,
    /// How many are hit; none: all that follow.
    #[serde(default = "once")]
    pub times: Option<u64>,
    pub action: Action,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "serde's default of an optional field"
)]
fn once() -> Option<u64> {
    Some(1)
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Answered so, without having done anything.
    Respond {
        status: u16,
        #[serde(default)]
        retry_after: Option<u32>,
        #[serde(default)]
        body: Value,
    },
    /// The connection breaks before the request did anything.
    DropBefore,
    /// The connection breaks after the request took effect.
    DropAfter,
    /// The process is killed before or after the request took effect: for runs of the real binary.
    AbortBefore,
    AbortAfter,
    /// The long-running operation that the request starts ends in failure.
    FailOperation,
}

#[derive(Debug, Default)]
struct Book {
    faults: Vec<(Fault, u64)>,
    /// Requests seen since the start, harmed or not.
    requests: u64,
}

/// The faults of one running sandbox; clones speak of the same ones.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    book: Arc<Mutex<Book>>,
}

impl Faults {
    pub fn add(&self, fault: Fault) {
        self.with(|book| book.faults.push((fault, 0)));
    }

    pub fn clear(&self) {
        self.with(|book| book.faults.clear());
    }

    /// Requests since the start, without those of the fault address itself.
    pub fn requests(&self) -> u64 {
        self.with(|book| book.requests)
    }

    pub(crate) fn read(dir: &Path) -> Result<Self, std::io::Error> {
        let faults = Self::default();
        let text = match std::fs::read_to_string(dir.join("faults.json")) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(faults),
            Err(error) => return Err(error),
        };
        for fault in serde_json::from_str::<Vec<Fault>>(&text)? {
            faults.add(fault);
        }
        Ok(faults)
    }

    /// Counts the request and says what is to happen to it.
    pub(crate) fn strike(&self, request: &Request) -> Option<Action> {
        self.with(|book| {
            book.requests += 1;
            let mut struck = None;
            for (fault, seen) in &mut book.faults {
                if !fault.fits(request) {
                    continue;
                }
                *seen += 1;
                let is_due = *seen > fault.after
                    && fault.times.is_none_or(|times| *seen <= fault.after + times);
                if is_due && struck.is_none() {
                    struck = Some(fault.action.clone());
                }
            }
            struck
        })
    }

    /// `/.sandbox/faults`
    pub(crate) fn handle(&self, request: &Request) -> Response {
        match request.method {
            Method::Get => self.with(|book| {
                let faults: Vec<&Fault> = book.faults.iter().map(|(fault, _)| fault).collect();
                Response::json(200, json!({ "requests": book.requests, "faults": faults }))
            }),
            Method::Post => match serde_json::from_slice(&request.body) {
                Ok(fault) => {
                    self.add(fault);
                    Response::empty(204)
                }
                Err(error) => Response::json(
                    400,
                    json!({ "error": { "code": "InvalidFault", "message": error.to_string() } }),
                ),
            },
            Method::Delete => {
                self.clear();
                Response::empty(204)
            }
            Method::Head | Method::Put | Method::Patch | Method::Other => Response::empty(405),
        }
    }

    fn with<T>(&self, run: impl FnOnce(&mut Book) -> T) -> T {
        run(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Fault {
    fn fits(&self, request: &Request) -> bool {
        let method = request.method.as_str();
        let place = format!("{}{}", request.host, request.path).to_lowercase();
        (self.methods.is_empty()
            || self
                .methods
                .iter()
                .any(|one| one.eq_ignore_ascii_case(method)))
            && place.contains(&self.path.to_lowercase())
    }
}
