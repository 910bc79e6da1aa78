//! J: hosts beside the API's own.

use super::super::message::Request;
use super::super::probe::{Expect, Head, Needs, Probe, Shot, Theme};
use crate::resource::Severity::{High, Low, Medium};

const HOSTS: Head = Head::of(Theme::Hosts);

pub(super) const PROBES: &[Probe] = &[
    HOSTS.row(
        ("J01", "Portals and management of the gateway"),
        Medium,
        "/ at the portal, developer portal, management and SCM hosts",
        (
            "403, 404 or no answer",
            "A page to sign up at, or an interface by which policies are changed, is open to the Internet.",
        ),
        &["APIM-13", "APIM-15"],
        |attacker| {
            // An interface that asks for a key is there for whoever finds one.
            let expect = Expect::statuses(&[403, 404]).or_absent().strict();
            let hosts = attacker.target.companions.iter();
            Ok(hosts
                .map(|host| Shot::new(Request::get(host, "/"), expect))
                .collect())
        },
    ),
    HOSTS.row(
        ("J02", "The gateway's status path"),
        Low,
        "/status-0123456789abcdef at the gateway",
        (
            "403 or no answer; 200 without data where the address is public",
            "The gateway answers the Internet.",
        ),
        &["APIM-07"],
        |attacker| {
            let request = Request::get(&attacker.target.gateway, "/status-0123456789abcdef");
            let expect = Expect::statuses(&[403]).or_absent().strict();
            Ok(vec![Shot::new(request, expect)])
        },
    ),
    HOSTS.row(
        ("J03", "The Function's code in storage"),
        High,
        "a list of the deployment container without credentials",
        (
            "403, 404, 409 or no answer",
            "Everybody reads the code, and what is in it.",
        ),
        &["FUN-15"],
        |attacker| {
            let expect = Expect::statuses(&[400, 401, 403, 404, 409]).or_absent();
            let shots = attacker.target.storage.iter().map(|(host, container)| {
                let target = format!("/{container}?restype=container&comp=list");
                Shot::new(Request::get(host, &target), expect)
            });
            Ok(shots.collect())
        },
    )
    .needing(Needs::Answer),
];
