//! Another name in the spec for what is there already: kept where the spec says that it moved, made anew where not.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::{Ran, project, run};

struct Site {
    directory: TempDir,
}

impl Site {
    /// With `dev` applied.
    fn new() -> Self {
        let site = Self {
            directory: project(),
        };
        site.converges();
        site
    }

    fn secgw(&self, line: &str) -> Ran {
        let target = "-e dev --sandbox=state --operation-scale 0";
        run(self.directory.path(), &format!("{line} {target}"))
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let file = self.directory.path().join(file);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(file, text.replace(from, to)).unwrap();
    }

    /// Action and address of each change but the record.
    fn changes(&self) -> Vec<String> {
        let ran = self.secgw("plan -o json");
        assert_eq!(ran.code, Some(0), "{ran}");
        let data = ran.json();
        let said = |change: &Value| {
            let address = change["address"].as_str().unwrap();
            let tail = Path::new(address).file_name().unwrap().to_str().unwrap();
            format!("{} {tail}", change["action"].as_str().unwrap())
        };
        let changes = data["changes"].as_array().unwrap().iter();
        let changes = changes.filter(|change| change["reason"]["code"] != "record");
        changes.map(said).collect()
    }

    fn converges(&self) {
        let ran = self.secgw("apply --yes");
        assert_eq!(ran.code, Some(0), "{ran}");
        let ran = self.secgw("plan --detailed-exitcode");
        assert_eq!(ran.code, Some(0), "{ran}");
    }
}

#[test]
fn a_renamed_api_takes_over_its_path_after_the_old_one_is_gone() {
    let site = Site::new();
    for file in ["environments/dev.yaml", "templates/secure-api.yaml"] {
        site.edit(file, "\n  - name: orders\n", "\n  - name: purchases\n");
    }
    let changes = site.changes();
    assert!(changes.contains(&"delete orders".to_owned()), "{changes:?}");
    let ran = site.secgw("plan");
    // It asked for a token, and nobody is left without one.
    for invented in ["fixes POL", "breaks", "anonymous"] {
        assert!(!ran.stdout.contains(invented), "{ran}");
    }
    assert!(
        ran.stdout
            .contains("apim-orders-dev/orders: token required"),
        "{ran}"
    );
    assert!(
        changes.contains(&"create purchases".to_owned()),
        "{changes:?}"
    );
    site.converges();
}

#[test]
fn a_renamed_operation_takes_over_its_calls_after_the_old_one_is_gone() {
    let site = Site::new();
    let contract = "templates/openapi/orders.yaml";
    site.edit(
        contract,
        "operationId: listOrders",
        "operationId: findOrders",
    );
    assert_eq!(
        site.changes(),
        ["delete list-orders", "update policy", "create find-orders"]
    );
    site.converges();
}

#[test]
fn what_the_spec_says_moved_is_kept_under_its_first_name() {
    let site = Site::new();
    for file in ["environments/dev.yaml", "templates/secure-api.yaml"] {
        site.edit(file, "\n  - name: orders\n", "\n  - name: purchases\n");
    }
    let environment = "environments/dev.yaml";
    site.edit(environment, "name: orders-web-dev", "name: shop-dev");
    let moved = "moved:\n  - { from: apis/orders, to: apis/buys }\n  - { from: apis/buys, to: apis/purchases }\n  - { from: clients/orders-web-dev, to: clients/shop-dev }\nprotect: []";
    site.edit(environment, "protect: []", moved);
    let changes = site.changes();
    let destructive = |change: &&String| !change.starts_with("update ");
    assert_eq!(changes.iter().find(destructive), None, "{changes:?}");
    assert!(
        changes.contains(&"update client-orders-web-dev".to_owned()),
        "{changes:?}"
    );
    site.converges();
    let ran = site.secgw("check --live");
    assert_eq!(ran.code, Some(0), "{ran}");
    let ran = site.secgw("verify");
    assert_eq!(ran.code, Some(0), "{ran}");
}
