//! A gateway that moves from private link into a network and back, in place: one plan each way, finished whole.

use std::fs;

use crate::cli::{Ran, project, run};

const INJECTED: &str = "\nnetwork: { mode: injected }\n";

struct Site {
    directory: tempfile::TempDir,
}

impl Site {
    fn secgw(&self, line: &str) -> Ran {
        let target = "-e dev --sandbox=state --operation-scale 0";
        run(self.directory.path(), &format!("{line} {target}"))
    }

    fn is_injected(&self, is_it: bool) {
        let file = self.directory.path().join("environments/dev.yaml");
        let text = fs::read_to_string(&file).unwrap().replace(INJECTED, "");
        let mode = if is_it { INJECTED } else { "" };
        fs::write(file, text + mode).unwrap();
    }

    /// The changes in the order in which they were made.
    fn applied(&self, allow: &[&str]) -> Vec<String> {
        let allowed: Vec<String> = allow.iter().map(|name| format!("--allow {name}")).collect();
        let ran = self.secgw(&format!("apply --yes -o jsonl {}", allowed.join(" ")));
        assert_eq!(ran.code, Some(0), "{ran}");
        let done = ran
            .stdout
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|event| event["event"] == "ended");
        done.map(|event| event["change"].as_str().unwrap().to_owned())
            .collect()
    }

    fn is_as_the_spec_says(&self) {
        let ran = self.secgw("plan --detailed-exitcode");
        assert_eq!(ran.code, Some(0), "{ran}");
        let ran = self.secgw("verify");
        assert_eq!(ran.code, Some(0), "{ran}");
    }
}

/// Where the change of a resource stands among those that were made.
fn at(done: &[String], tail: &str) -> usize {
    let found = done.iter().position(|key| key.ends_with(tail));
    found.unwrap_or_else(|| panic!("no change of {tail}: {done:#?}"))
}

#[test]
fn a_gateway_moves_into_a_network_and_out_again_in_one_plan_each() {
    let site = Site {
        directory: project(),
    };
    site.applied(&[]);
    site.is_injected(true);
    let ran = site.secgw("plan");
    assert_eq!(ran.code, Some(4), "{ran}");
    for name in ["gateway-network", "public-access"] {
        assert!(ran.stdout.contains(name), "{ran}");
    }
    // Where it was, it was as locked as where it goes.
    for word in ["fixes", "breaks", "bypass OPEN", "less than before"] {
        assert!(!ran.stdout.contains(word), "{ran}");
    }
    let done = site.applied(&["gateway-network", "public-access"]);
    let moves = at(&done, "/service/apim-orders-dev");
    for first in [
        "/privateEndpointConnections/secgw orders-dev",
        "/namedValues/secgw-orders-dev--fdid",
        "/service/apim-orders-dev/policies/policy",
        "/networkSecurityGroups/orders-dev-gateway",
    ] {
        assert!(at(&done, first) < moves, "{first}: {done:#?}");
    }
    site.is_as_the_spec_says();
    site.is_injected(false);
    let ran = site.secgw("plan");
    assert_eq!(ran.code, Some(4), "{ran}");
    for word in ["fixes", "breaks", "bypass OPEN", "less than before"] {
        assert!(!ran.stdout.contains(word), "{ran}");
    }
    let done = site.applied(&[
        "gateway-network",
        "gateway-uncovered",
        "no-check-header",
        "public-access",
    ]);
    let closes = at(&done, "/service/apim-orders-dev#close-public-access");
    assert!(at(&done, "/service/apim-orders-dev") < closes);
    let policy = at(&done, "/service/apim-orders-dev/policies/policy");
    assert!(closes < policy, "{done:#?}");
    assert!(policy < at(&done, "/namedValues/secgw-orders-dev--fdid"));
    site.is_as_the_spec_says();
}
