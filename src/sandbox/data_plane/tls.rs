//! What a host's handshake accepts, by its stored configuration; and the handshakes that rustls does not know.
//!
//! Versions below 1.2 and suites that rustls lacks are answered by hand, as far as a client needs to see whether they are
//! accepted: a `ServerHello` that takes them, or the alert that refuses them. No connection comes of such a hello.

use serde_json::Value;

use super::call::TlsVersion::{self, Tls10, Tls11, Tls12, Tls13};
use super::hosts::{self, Answering, DOMAIN, covers, text};
use crate::sandbox::store::Store;

/// The suites that hosts of Azure speak, strongest first: the order in which App Service documents them
/// (learn.microsoft.com/azure/app-service/overview-tls, 2025-02), then what only API Management still has.
const SUITES: &[(u16, &str)] = &[
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    (0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0x000a, "TripleDes168"),
];

/// Suites of App Service: the table's first.
const OF_APP_SERVICE: usize = 17;

/// Suites with forward secrecy and an authenticated mode: what is left where nothing else is asked for.
const STRONG: &[u16] = &[0x1302, 0x1301, 0xc02c, 0xc02b, 0xc030, 0xc02f];

/// What API Management cannot turn off beyond these (domain facts A.3).
const FIXED: &[u16] = &[0xc024, 0xc023, 0xc028, 0xc027];

/// Suites that TLS 1.0 and 1.1 know.
const LEGACY: &[u16] = &[0xc014, 0xc013, 0x0035, 0x002f, 0xc00a, 0xc009, 0x000a];

/// What rustls can serve with the sandbox's certificates.
const SERVED: &[u16] = &[0x1302, 0x1301, 0xc02c, 0xc02b];

/// What a host accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Posture {
    versions: Vec<TlsVersion>,
    suites: Vec<u16>,
    pub(crate) has_http2: bool,
}

/// What becomes of a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Serve {
        versions: Vec<TlsVersion>,
        suites: Vec<u16>,
    },
    /// Accepted, and answered by hand.
    Accept { version: TlsVersion, suite: u16 },
    /// The code of the fatal alert.
    Refuse(u8),
}

const HANDSHAKE_FAILURE: u8 = 40;
const PROTOCOL_VERSION: u8 = 70;

impl Posture {
    fn from(minimum: TlsVersion, suites: Vec<u16>) -> Self {
        let versions = [Tls10, Tls11, Tls12, Tls13];
        Self {
            versions: versions.into_iter().filter(|one| *one >= minimum).collect(),
            suites,
            has_http2: true,
        }
    }

    pub(crate) fn verdict(&self, hello: &Hello) -> Verdict {
        let mut common: Vec<TlsVersion> = self
            .versions
            .iter()
            .copied()
            .filter(|version| hello.versions.contains(version))
            .collect();
        common.sort();
        if common.is_empty() {
            return Verdict::Refuse(PROTOCOL_VERSION);
        }
        let allowed = |suite: &u16| self.suites.contains(suite);
        let offered: Vec<u16> = hello.suites.iter().copied().filter(allowed).collect();
        let is_served = |version: &TlsVersion| {
            *version >= Tls12
                && offered
                    .iter()
                    .any(|suite| SERVED.contains(suite) && is_of(*suite, *version))
        };
        if common.iter().any(is_served) {
            common.retain(is_served);
            return Verdict::Serve {
                versions: common,
                suites: offered,
            };
        }
        common
            .iter()
            .rev()
            .find_map(|version| {
                let suite = offered.iter().find(|suite| is_of(**suite, *version))?;
                Some(Verdict::Accept {
                    version: *version,
                    suite: *suite,
                })
            })
            .unwrap_or(Verdict::Refuse(HANDSHAKE_FAILURE))
    }
}

fn is_of(suite: u16, version: TlsVersion) -> bool {
    match version {
        Tls13 => suite >> 8 == 0x13,
        Tls12 => suite >> 8 != 0x13,
        Tls10 | Tls11 => LEGACY.contains(&suite),
    }
}

/// How a deployed host answers a handshake; none: it is not deployed.
pub(crate) fn posture(store: &Store, host: &str) -> Option<Posture> {
    Some(match hosts::answering(store, host)? {
        Answering::Edge { profile } => edge(store, &profile, host),
        Answering::Gateway { service } => gateway(store, &service),
        Answering::Site { site } => app_service(store, &site, false),
        Answering::Scm { site } => app_service(store, &site, true),
        Answering::Blob { account } => {
            let said = store.get(&account).map_or("", |object| {
                text(&object.body, "/properties/minimumTlsVersion")
            });
            Posture::from(numbered(said).unwrap_or(Tls10), first(OF_APP_SERVICE))
        }
        Answering::Companion { .. } | Answering::IdentityProvider => {
            Posture::from(Tls12, STRONG.to_vec())
        }
    })
}

/// `1.2`, `TLS12`, `TLS1_2`
fn numbered(text: &str) -> Option<TlsVersion> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match digits.as_str() {
        "10" => Some(Tls10),
        "11" => Some(Tls11),
        "12" => Some(Tls12),
        "13" => Some(Tls13),
        _ => None,
    }
}

fn first(count: usize) -> Vec<u16> {
    SUITES.iter().take(count).map(|(suite, _)| *suite).collect()
}

/// Domain facts C.2: nothing below 1.2 at the edge; a minimum of 1.3 counts with customized suites only, and the default
/// host has no settings at all.
fn edge(store: &Store, profile: &str, host: &str) -> Posture {
    let domain = store
        .of_kind(profile, DOMAIN)
        .find(|domain| covers(text(&domain.body, "/properties/hostName"), host));
    let settings = domain.map_or(
        &Value::Null,
        |domain| &domain.body["properties"]["tlsSettings"],
    );
    if settings["cipherSuiteSetType"] != "Customized" {
        let mut suites = STRONG.to_vec();
        if ["TLS10_2019", "TLS12_2022"].contains(&text(settings, "/cipherSuiteSetType")) {
            suites.extend(FIXED);
        }
        return Posture::from(Tls12, suites);
    }
    let minimum = numbered(text(settings, "/minimumTlsVersion")).unwrap_or(Tls12);
    let set = &settings["customizedCipherSuiteSet"];
    let named = ["cipherSuiteSetForTls13", "cipherSuiteSetForTls12"]
        .iter()
        .filter_map(|member| set[*member].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .filter_map(by_name);
    Posture::from(minimum.max(Tls12), named.collect())
}

/// Front Door names suites without the prefix that the standard gives those of TLS 1.2.
fn by_name(name: &str) -> Option<u16> {
    let bare = |name: &str| {
        name.replace("TLS_", "")
            .replace(['-', '_'], "")
            .replace("WITH", "")
    };
    SUITES
        .iter()
        .find(|(_, known)| bare(known) == bare(name))
        .map(|(suite, _)| *suite)
}

/// Domain facts A.3: protocols are off and ciphers on unless a property says otherwise; ciphers can be set on classic
/// tiers only.
fn gateway(store: &Store, service: &str) -> Posture {
    let Some(object) = store.get(service) else {
        return Posture::from(Tls12, STRONG.to_vec());
    };
    let properties = &object.body["properties"]["customProperties"];
    let said = |key: &str| {
        let key = format!("Microsoft.WindowsAzure.ApiManagement.Gateway.{key}");
        let value = properties[&key].as_str()?;
        Some(value.eq_ignore_ascii_case("true"))
    };
    let mut versions = vec![Tls12];
    for (key, version, otherwise) in [
        ("Security.Protocols.Tls10", Tls10, false),
        ("Security.Protocols.Tls11", Tls11, false),
        ("Security.Protocols.Tls13", Tls13, true),
    ] {
        if said(key).unwrap_or(otherwise) {
            versions.push(version);
        }
    }
    let tier = text(&object.body, "/sku/name");
    let is_classic = !tier.ends_with("V2") && tier != "Consumption";
    let mut suites = STRONG.to_vec();
    suites.extend(FIXED);
    let is_on = |name: &str| said(&format!("Security.Ciphers.{name}")).unwrap_or(is_classic);
    let settable = SUITES
        .iter()
        .filter(|(suite, _)| !STRONG.contains(suite) && !FIXED.contains(suite));
    suites.extend(
        settable
            .filter(|(_, name)| is_on(name))
            .map(|(suite, _)| *suite),
    );
    Posture {
        versions,
        suites,
        has_http2: said("Protocols.Server.Http2").unwrap_or(false),
    }
}

fn app_service(store: &Store, site: &str, is_scm: bool) -> Posture {
    let web = store
        .get(&format!("{site}/config/web"))
        .map_or(&Value::Null, |object| &object.body["properties"]);
    let weakest = text(web, "/minTlsCipherSuite");
    let count = SUITES
        .iter()
        .position(|(_, name)| *name == weakest)
        .map_or(OF_APP_SERVICE, |at| at + 1);
    Posture {
        has_http2: web["http20Enabled"] == true,
        ..Posture::from(super::function::minimum_tls(web, is_scm), first(count))
    }
}

/// The parts of a `ClientHello` that decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) server_name: Option<String>,
    versions: Vec<TlsVersion>,
    suites: Vec<u16>,
}

/// Length of the first record, header included, once its header is there.
pub(crate) fn record_length(bytes: &[u8]) -> Option<usize> {
    let length = bytes.get(3..5)?;
    Some(5 + usize::from(u16::from_be_bytes([length[0], length[1]])))
}

/// Reads a `ClientHello` that fits its first record, as those of all clients do.
pub(crate) fn read_hello(record: &[u8]) -> Option<Hello> {
    let mut body = Reader(record.get(5..)?);
    body.take(4)?;
    let stated = body.number()?;
    body.take(32)?;
    body.block8()?;
    let suites = numbers(body.block16()?);
    body.block8()?;
    let mut hello = Hello {
        server_name: None,
        versions: [Tls10, Tls11, Tls12]
            .into_iter()
            .filter(|version| wire(*version) <= stated)
            .collect(),
        suites,
    };
    if let Some(extensions) = body.block16() {
        let mut extensions = Reader(extensions);
        while let Some(kind) = extensions.number() {
            extension(&mut hello, kind, extensions.block16()?);
        }
    }
    Some(hello)
}

fn extension(hello: &mut Hello, kind: u16, content: &[u8]) {
    const SERVER_NAME: u16 = 0;
    const SUPPORTED_VERSIONS: u16 = 43;
    match kind {
        SERVER_NAME => {
            // List length, type of name, then the name.
            let name = content.get(3..).and_then(|rest| Reader(rest).block16());
            let name = name.and_then(|name| std::str::from_utf8(name).ok());
            hello.server_name = name.map(str::to_lowercase);
        }
        SUPPORTED_VERSIONS => {
            let offered = numbers(content.get(1..).unwrap_or_default());
            hello.versions = [Tls10, Tls11, Tls12, Tls13]
                .into_iter()
                .filter(|version| offered.contains(&wire(*version)))
                .collect();
        }
        _ => {}
    }
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    let pairs = bytes.chunks_exact(2);
    pairs
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect()
}

fn wire(version: TlsVersion) -> u16 {
    match version {
        Tls10 => 0x0301,
        Tls11 => 0x0302,
        Tls12 => 0x0303,
        Tls13 => 0x0304,
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        let bytes = self.take(2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn block8(&mut self) -> Option<&'a [u8]> {
        let length = self.take(1)?[0];
        self.take(usize::from(length))
    }

    fn block16(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }
}

/// A fatal alert.
pub(crate) fn alert(code: u8) -> Vec<u8> {
    vec![0x15, 3, 1, 0, 2, 2, code]
}

/// A `ServerHello` that takes the version and suite. Its random part is the caller's.
pub(crate) fn server_hello(version: TlsVersion, suite: u16, random: &[u8; 32]) -> Vec<u8> {
    let version = wire(version.min(Tls12)).to_be_bytes();
    let mut body = version.to_vec();
    body.extend(random);
    // No session id; the suite; no compression.
    body.push(0);
    body.extend(suite.to_be_bytes());
    body.push(0);
    let mut message = vec![2, 0, 0, u8::try_from(body.len()).unwrap_or(u8::MAX)];
    message.extend(body);
    let mut record = vec![0x16, version[0], version[1], 0];
    record.push(u8::try_from(message.len()).unwrap_or(u8::MAX));
    record.extend(message);
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(versions: &[TlsVersion], suites: &[u16]) -> Hello {
        Hello {
            server_name: None,
            versions: versions.to_vec(),
            suites: suites.to_vec(),
        }
    }

    #[test]
    fn a_handshake_is_served_accepted_or_refused_as_the_host_says() {
        let modern = Posture::from(Tls12, STRONG.to_vec());
        let open = Posture::from(Tls10, first(OF_APP_SERVICE));
        let strict = Posture::from(Tls13, first(OF_APP_SERVICE));
        let old = hello(&[Tls10], &[0x002f, 0xc014]);
        let both = hello(&[Tls12, Tls13], &[0x1301, 0xc02b, 0xc02f]);
        let weak = hello(&[Tls12], &[0x002f]);
        let legacy = |version, suite| Verdict::Accept { version, suite };
        let served = |versions: &[TlsVersion], suites: &[u16]| Verdict::Serve {
            versions: versions.to_vec(),
            suites: suites.to_vec(),
        };
        let cases = [
            (&modern, &old, Verdict::Refuse(PROTOCOL_VERSION)),
            (&open, &old, legacy(Tls10, 0x002f)),
            (&strict, &old, Verdict::Refuse(PROTOCOL_VERSION)),
            (
                &modern,
                &both,
                served(&[Tls12, Tls13], &[0x1301, 0xc02b, 0xc02f]),
            ),
            (&strict, &both, served(&[Tls13], &[0x1301, 0xc02b, 0xc02f])),
            (&modern, &weak, Verdict::Refuse(HANDSHAKE_FAILURE)),
            (&open, &weak, legacy(Tls12, 0x002f)),
            (&strict, &weak, Verdict::Refuse(PROTOCOL_VERSION)),
        ];
        for (posture, hello, expected) in cases {
            assert_eq!(posture.verdict(hello), expected, "{posture:?} {hello:?}");
        }
    }

    #[test]
    fn a_hello_is_read_with_its_name_versions_and_suites() {
        let mut extensions = vec![0, 0, 0, 9, 0, 7, 0, 0, 4];
        extensions.extend(b"A.bc");
        extensions.extend([0, 43, 0, 5, 4, 3, 4, 3, 3]);
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 4, 0x13, 0x01, 0xc0, 0x2b, 1, 0]);
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
        let length = u8::try_from(body.len()).unwrap();
        let mut record = vec![0x16, 3, 1, 0, length + 4, 1, 0, 0, length];
        record.extend(body);
        let read = read_hello(&record).unwrap();
        assert_eq!(read.server_name.as_deref(), Some("a.bc"));
        assert_eq!(read.versions, [Tls12, Tls13]);
        assert_eq!(read.suites, [0x1301, 0xc02b]);
        assert_eq!(record_length(&record), Some(record.len()));
        for end in 0..record.len() {
            // Whatever is cut off, reading never panics.
            read_hello(&record[..end]);
        }
    }
}
