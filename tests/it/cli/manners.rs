//! What a person meets when something is off: one cause is one error, hosts and files are named.

use std::fs;

use super::{project, run, run_with};

const ID: &str = "00000000-0000-4000-8000-000000000001";

/// The errors of a spec after one edit, each by its code and place.
fn errors(edit: (&str, &str)) -> Vec<String> {
    let directory = project();
    let file = directory.path().join("environments/dev.yaml");
    let spec = fs::read_to_string(&file).unwrap();
    assert!(spec.contains(edit.0), "{edit:?}");
    fs::write(&file, spec.replacen(edit.0, edit.1, 1)).unwrap();
    let ran = run(directory.path(), "validate -e dev --sandbox -o json");
    assert_eq!(ran.code, Some(3), "{ran}");
    let data = ran.json();
    let found = data["diagnostics"].as_array().unwrap().iter();
    found
        .map(|found| format!("{} {}", found["code"], found["message"]).replace('"', ""))
        .collect()
}

#[test]
fn one_mistake_is_one_error_whatever_follows_from_it() {
    let value = "is not one of the values this key can have";
    let cases = [
        (
            ("name: Developer", "name: Develper"),
            format!("invalid-value `Develper` {value}"),
        ),
        (
            ("- name: func-orders-dev", "- nmae: func-orders-dev"),
            "unknown-key unknown key `nmae` in `functions[0]`".to_owned(),
        ),
        (
            ("- name: func-orders-dev", "- name: Func_Orders!"),
            "invalid-name `Func_Orders!` is not a name for a Function app".to_owned(),
        ),
        (
            ("\nfunctions:", "\nfuntions:"),
            "unknown-key unknown key `funtions`".to_owned(),
        ),
        (
            ("\nidentity:", "\nidntity:"),
            "unknown-key unknown key `idntity`".to_owned(),
        ),
        (
            ("  location: ", "  loction: "),
            "unknown-key unknown key `loction` in `azure`".to_owned(),
        ),
        (
            ("- name: orders\n", "- nam: orders\n"),
            "unknown-key unknown key `nam` in `apis[0]`".to_owned(),
        ),
    ];
    for (edit, said) in cases {
        assert_eq!(errors(edit), [said], "{edit:?}");
    }
    // A key that is misspelt hides none that is missing beside it.
    let both = errors((
        "resourceGroup: rg-orders-dev\n  location: westeurope",
        "loction: westeurope",
    ));
    assert_eq!(both.len(), 2, "{both:?}");
    // What is wrong with a tier that exists is told.
    let tier = errors(("name: Developer", "name: Premium"));
    assert_eq!(tier.len(), 2, "{tier:?}");
    assert!(tier[0].contains("localhost"), "{tier:?}");
}

#[test]
fn what_cannot_be_reached_is_named_with_the_proxy_and_no_credentials() {
    let directory = project();
    let variables = [
        ("AZURE_SUBSCRIPTION_ID", ID),
        ("AZURE_TENANT_ID", ID),
        ("AZURE_CLIENT_ID", ID),
        ("AZURE_CLIENT_SECRET", "x"),
        ("B2C_TENANT_ID", ID),
        ("B2C_CLIENT_ID", ID),
        ("B2C_CLIENT_SECRET", "x"),
        ("HTTPS_PROXY", "http://ada:canary@127.0.0.1:9/"),
    ];
    let ran = run_with(directory.path(), "plan -e dev -o github", &variables);
    assert_eq!(ran.code, Some(1), "{ran}");
    let said = format!(
        "  - client secret of {ID}: cannot connect to login.microsoftonline.com through the proxy http://127.0.0.1:9 (HTTPS_PROXY): "
    );
    assert!(ran.stderr.contains(&said), "{ran}");
    assert!(
        ran.stderr
            .contains("hint: check that this machine may reach that host"),
        "{ran}"
    );
    let annotation = "::error title=Environment could not be looked at (secgw/not-planned)::";
    assert!(ran.stdout.starts_with(annotation), "{ran}");
    let all = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!all.contains("canary") && !all.contains("ada"), "{ran}");
}

#[test]
fn a_directory_is_no_plan_and_a_file_takes_one_form() {
    let directory = project();
    let at = directory.path();
    fs::write(at.join("binary"), [0xff, 0xfe, 0x00]).unwrap();
    for (name, why) in [
        ("environments", "it is a directory"),
        ("binary", "it is not text"),
    ] {
        let ran = run(at, &format!("show {name}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran}");
        assert!(ran.stderr.contains(why), "{ran}");
    }
    let ran = run(at, "plan -e dev --sandbox=state --out md=x --out json=./x");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran}");
    assert!(ran.stderr.contains("`--out` names ./x twice"), "{ran}");
    assert!(!at.join("x").exists() && !at.join("state").exists());
}

#[test]
fn a_plan_is_as_wide_as_columns_says() {
    let directory = project();
    let widest = |columns: &[(&str, &str)]| {
        let ran = run_with(directory.path(), "plan -e dev --sandbox=state", columns);
        assert_eq!(ran.code, Some(0), "{ran}");
        let rules = ran.stdout.lines().filter(|line| line.starts_with('─'));
        rules.map(|line| line.chars().count()).max()
    };
    assert_eq!(widest(&[]), Some(100));
    assert_eq!(widest(&[("COLUMNS", "72")]), Some(72));
    assert_eq!(widest(&[("COLUMNS", "12")]), Some(60));
    assert_eq!(widest(&[("COLUMNS", "wide")]), Some(100));
}
