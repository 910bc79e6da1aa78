//! The documents secgw composes: one for the whole gateway, one for each API.
//!
//! The order of statements is the design (`domain.md` E): at the gateway, what needs no token; in an API, `<base />`,
//! CORS (a browser must be able to read a refusal), the size of the body, the token, the account, the operation and its
//! scopes, limits per user, and only then whatever reaches the function. `<base />` runs the gateway's
//! statements in each section; it stands last in `on-error`, because the gateway's answer may end the call there.
//! What a user adds (`extra`) runs behind the guards.

use super::code::{Code, REQUIRED_SCOPES, UserClaim};
use super::document::{Document, Section};
use super::extra::Extra;
use super::statement::{
    Cors, Limit, Token, authentication_managed_identity, base, check_header, choose, cors,
    delete_header, forward_request, otherwise, quota_by_key, rate_limit_by_key, return_response,
    set_backend_service, set_header, set_variable, validate_jwt, when,
};
use super::tree::{Element, Node, Value};

/// Seconds a function may take; the network drops idle connections after 240.
const BACKEND_TIMEOUT: u32 = 60;

/// What gives away the software behind the gateway.
const BANNERS: [&str; 5] = [
    "Server",
    "X-Powered-By",
    "X-AspNet-Version",
    "X-AspNetMvc-Version",
    "Request-Context",
];

pub const USER_ID_HEADER: &str = "X-User-Id";
pub const USER_SCOPES_HEADER: &str = "X-User-Scopes";

/// Headers in which a function might look for an identity or a key. The gateway sets none of them, so one that arrives
/// was made up by the client.
const NEVER_FROM_CLIENTS: [&str; 5] = [
    "X-User-Name",
    "X-User-Email",
    "X-User-Roles",
    "X-User-Groups",
    "x-functions-key",
];

/// How the gateway knows that a call came through Front Door.
#[derive(Clone, Debug)]
pub enum Edge {
    /// Nothing else can reach it.
    PrivateLink,
    /// By the profile's id in `X-Azure-FDID`, which this named value holds.
    HeaderCheck { named_value: String },
}

#[derive(Clone, Copy, Debug)]
pub struct Hsts {
    /// In seconds.
    pub max_age: u64,
    pub include_subdomains: bool,
}

#[derive(Clone, Debug)]
pub struct Global {
    pub edge: Edge,
    /// For each calling address, before any token is looked at.
    pub address_limit: Limit,
    pub hsts: Hsts,
}

/// An operation and the scopes it requires, all of them. Without scopes nobody may call it.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub scopes: Vec<String>,
}

/// Where an API's calls go, and as whom.
#[derive(Clone, Debug)]
pub struct Backend {
    pub id: String,
    /// The audience of the token for the function.
    pub resource: Value,
    /// The client id of the gateway's identity.
    pub identity: Value,
}

#[derive(Clone, Debug)]
pub struct Api {
    pub name: String,
    pub cors: Option<Cors>,
    /// In bytes.
    pub body_cap: u32,
    pub token: Token,
    pub user: UserClaim,
    /// The accounts that get in; none: everybody whom the sign-in lets in.
    pub accounts: Option<Vec<Value>>,
    pub operations: Vec<Operation>,
    /// For each calling address, of this API alone.
    pub address_limit: Option<Limit>,
    pub user_limit: Option<Limit>,
    pub user_quota: Option<Limit>,
    pub backend: Backend,
    pub extra: Option<Extra>,
}

pub fn global(global: &Global) -> Document {
    Document::of_sections(|section| match section {
        Section::Inbound => {
            let limit =
                rate_limit_by_key(global.address_limit, Code::caller_address().prefixed("ip:"));
            front_door_check(&global.edge)
                .into_iter()
                .chain([limit])
                .collect()
        }
        Section::Backend => vec![forward_request(BACKEND_TIMEOUT)],
        Section::Outbound => clean(global.hsts),
        Section::OnError => on_error(global.hsts),
    })
}

fn front_door_check(edge: &Edge) -> Option<Element> {
    match edge {
        Edge::PrivateLink => None,
        Edge::HeaderCheck { named_value } => Some(check_header(
            "X-Azure-FDID",
            format!("{{{{{named_value}}}}}"),
        )),
    }
}

fn clean(hsts: Hsts) -> Vec<Element> {
    BANNERS
        .iter()
        .map(|name| delete_header(name))
        .chain(security_headers(hsts))
        .collect()
}

fn security_headers(hsts: Hsts) -> [Element; 2] {
    let subdomains = if hsts.include_subdomains {
        "; includeSubDomains"
    } else {
        ""
    };
    [
        set_header(
            "Strict-Transport-Security",
            format!("max-age={}{subdomains}", hsts.max_age),
        ),
        set_header("X-Content-Type-Options", "nosniff"),
    ]
}

/// The gateway's own refusals (401, 403, 429 …) keep their answers: secgw wrote their texts, and `Retry-After` and the
/// CORS headers must stay. Anything else gets an answer that tells nothing.
fn on_error(hsts: Hsts) -> Vec<Element> {
    let answer = return_response(
        (500, "Internal Server Error"),
        security_headers(hsts),
        "The gateway could not complete this request.",
    );
    let mut statements = clean(hsts);
    statements.push(choose([when(Code::is_unforeseen_error(), [answer])]));
    statements
}

pub fn api(api: &Api) -> Document {
    let mut document = Document::of_sections(|section| match section {
        Section::Inbound => inbound(api),
        Section::Backend | Section::Outbound | Section::OnError => vec![base()],
    });
    if let Some(extra) = &api.extra {
        for (section, element) in Section::ALL
            .into_iter()
            .zip(document.root.children.iter_mut())
        {
            add(section, element, extra.nodes(section));
        }
    }
    document
}

fn add(section: Section, element: &mut Node, nodes: &[Node]) {
    let Node::Element(element) = element else {
        return;
    };
    let at = match section {
        Section::Inbound | Section::Backend | Section::Outbound => element.children.len(),
        Section::OnError => 0,
    };
    element.children.splice(at..at, nodes.iter().cloned());
}

fn inbound(api: &Api) -> Vec<Element> {
    let mut statements = vec![base()];
    statements.extend(api.cors.as_ref().map(cors));
    statements.extend(api.address_limit.map(|limit| {
        let key = Code::caller_address().prefixed(&format!("ip:{}:", api.name));
        rate_limit_by_key(limit, key)
    }));
    statements.push(body_guard(api.body_cap));
    statements.push(validate_jwt(&api.token));
    statements.extend(
        api.accounts
            .as_ref()
            .map(|accounts| account_guard(api.user, accounts)),
    );
    statements.push(operation_table(&api.operations));
    statements.push(scope_guard());
    statements.extend(
        api.user_limit
            .map(|limit| rate_limit_by_key(limit, user_key(api, "user"))),
    );
    statements.extend(
        api.user_quota
            .map(|limit| quota_by_key(limit, user_key(api, "quota"))),
    );
    statements.extend(identity_headers(api.user));
    statements.push(set_backend_service(&api.backend.id));
    statements.push(authentication_managed_identity(
        &api.backend.resource,
        &api.backend.identity,
    ));
    statements
}

fn user_key(api: &Api, counter: &str) -> Code {
    Code::user(api.user).prefixed(&format!("{counter}:{}:", api.name))
}

/// A body must say how long it is, or the cap could be got round with chunks.
fn body_guard(cap: u32) -> Element {
    let unknown = return_response(
        (411, "Length Required"),
        [],
        "The length of the body must be given.",
    );
    let over = return_response((413, "Content Too Large"), [], "The body is too large.");
    choose([
        when(Code::has_request_header("Transfer-Encoding"), [unknown]),
        when(Code::body_is_over(cap), [over]),
    ])
}

fn account_guard(user: UserClaim, accounts: &[Value]) -> Element {
    choose([when(
        Code::user(user).none_of(accounts),
        [forbidden("This account may not use this API.")],
    )])
}

/// Names what each operation requires; an operation that is not in the table is refused.
fn operation_table(operations: &[Operation]) -> Element {
    let rows = operations.iter().map(|operation| {
        let required = set_variable(REQUIRED_SCOPES, operation.scopes.join(" "));
        when(Code::operation_is(&operation.id), [required])
    });
    choose(rows.chain([otherwise([forbidden(
        "This operation is not open to anybody.",
    )])]))
}

fn scope_guard() -> Element {
    choose([when(
        Code::lacks_required_scopes(),
        [forbidden(
            "The token lacks a scope that this operation requires.",
        )],
    )])
}

fn forbidden(message: &str) -> Element {
    return_response((403, "Forbidden"), [], message)
}

fn identity_headers(user: UserClaim) -> impl Iterator<Item = Element> {
    let set = [
        set_header(USER_ID_HEADER, Code::user(user).expression()),
        set_header(USER_SCOPES_HEADER, Code::claim("scp").expression()),
    ];
    NEVER_FROM_CLIENTS
        .iter()
        .map(|name| delete_header(name))
        .chain(set)
}
