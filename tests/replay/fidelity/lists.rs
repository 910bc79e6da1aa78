//! What is not compared, with the reason: values that no two runs share, and answers that depend on the moment.
//!
//! Each line that is used shows up in the table's `listed` column; `replay --listed` prints which and how often.

/// A place in the bodies of a type.
pub(crate) struct Line {
    /// Empty: any type.
    pub(crate) kind: &'static str,
    /// Path with `*` for list positions and map keys; `**` at the end: everything below.
    pub(crate) path: &'static str,
    pub(crate) why: &'static str,
}

const fn line(kind: &'static str, path: &'static str, why: &'static str) -> Line {
    Line { kind, path, why }
}

const STORAGE: &str = "Microsoft.Storage/storageAccounts";

const ZONE: &str = "Microsoft.Network/privateDnsZones";
const SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets";
const WORKSPACE: &str = "Microsoft.OperationalInsights/workspaces";

/// Values that differ from run to run. They must be there, and be of the same JSON type.
pub(crate) const VOLATILE: &[Line] = &[
    line("", "systemData/**", "who and when"),
    line("", "value/*/systemData/**", "who and when"),
    line(ZONE, "properties/internalId", "a generated id in base64"),
];

/// Values that are one thing in some recordings and another in others, at one API version and for equal requests: Azure
/// changed its mind, by region or by day. Only where nothing was sent; members of lists as the resource itself.
pub(crate) const VARYING: &[Line] = &[
    line(
        SUBNET,
        "properties/ipamPoolPrefixAllocations",
        "2024-01-01: absent and []",
    ),
    line(WORKSPACE, "etag", "2021-12-01-preview: absent and there"),
    line(
        WORKSPACE,
        "properties/retentionInDays",
        "2021-06-01: 30, or what a deleted workspace of that name had",
    ),
    line(
        WORKSPACE,
        "properties/sku/name",
        "2021-06-01: a sent Standalone came back as it is and as PerGB2018",
    ),
    line(
        STORAGE,
        "properties/minimumTlsVersion",
        "2022-09-01: absent, TLS1_0 and TLS1_2",
    ),
    line(
        STORAGE,
        "properties/allowBlobPublicAccess",
        "2021-04-01: absent, false and true",
    ),
    line(
        STORAGE,
        "properties/allowCrossTenantReplication",
        "2021-04-01: absent and false",
    ),
    line(
        STORAGE,
        "properties/networkAcls/bypass",
        "2023-01-01: AzureServices and None",
    ),
];

/// An answer that says "not now": the same request is taken some seconds later.
pub(crate) struct Transient {
    pub(crate) status: u16,
    /// Empty: any.
    pub(crate) code: &'static str,
    pub(crate) why: &'static str,
}

const fn transient(status: u16, code: &'static str, why: &'static str) -> Transient {
    Transient { status, code, why }
}

pub(crate) const TRANSIENT: &[Transient] = &[
    transient(429, "", "throttled, or another write holds the resource"),
    transient(500, "", "Azure's own failure"),
    transient(504, "", "the front end gave up waiting"),
    transient(
        409,
        "AnotherOperationInProgress",
        "a race with another write",
    ),
    transient(409, "Conflict", "a race with another write"),
    transient(
        400,
        "PrincipalNotFound",
        "the directory has not heard of a new principal yet",
    ),
    transient(
        400,
        "ReferencedResourceNotProvisioned",
        "a race with the referenced resource's own write",
    ),
];

/// Azure's front ends learn one after the other that a group is gone: until then they, or the providers behind them,
/// miss only the resource. Both answers come within one second of one recording
/// (`aso__Test_ApiManagement_20240501_CRUD`, 147 and 148).
pub(crate) const GONE_GROUP: &str = "404 below a deleted group: which of the two is missing";

pub(crate) const OVERTAKEN: &str = "a read that stands before the write it shows";
pub(crate) const GARBLED: &str = "requests and answers are mixed up from here on in this recording";
pub(crate) const GONE_UNSEEN: &str = "gone without a recorded DELETE";

/// Whether a path fits a pattern of the lists above.
pub(crate) fn fits(pattern: &str, path: &str) -> bool {
    let mut path = path.split('/');
    for segment in pattern.split('/') {
        if segment == "**" {
            return path.next().is_some();
        }
        match path.next() {
            Some(found) if segment == "*" || segment.eq_ignore_ascii_case(found) => {}
            _ => return false,
        }
    }
    path.next().is_none()
}

/// Who is inside a subnet or behind an address, of types without a row here.
pub(crate) const FOREIGN: &[&str] = &[
    "/loadBalancers/",
    "/networkInterfaces/",
    "/natGateways/",
    "/virtualMachineScaleSets/",
];
pub(crate) const FOREIGN_WHY: &str = "made by a resource of a type without a row";
