//! What is wrong is found, all of it, with the right code and at the right place.

use std::collections::BTreeSet;

use super::project::{Project, STANDALONE, options, repository};
use secgw::spec::{self, Code, SpecFile};

/// Twenty mistakes, each of another kind or in another section.
const TWENTY: &str = r#"secgw: v1
name: Orders_Prod
azure:
  subscription: not-an-id
  resourceGroup: rg-orders
  location: westeurop
  cluod: public
  tags: { team: 42 }
identity:
  provider: b2c
  tenant: contoso.com
  tenantId: 00000000-0000-4000-8000-000000000003
  userFlow: { name: signin }
  api:
    displayName: Orders API
    scopes: { orders.read: Read orders }
  clients:
    - name: orders-web
      type: mobile
      redirectUris: ["https://*.contoso.com/auth"]
      scopes: [orders.reed]
gateway:
  name: apim-orders
  sku: { name: StandardV2, units: 99 }
functions:
  - name: func-orders
    plan: consumption
    runtime: node-22
    runtime: node-20
apis:
  - name: orders
    path: /orders
    backend: { function: func-order }
    require: { scopes: [orders.read] }
    operations:
      - { method: FETCH, path: /orders }
    rateLimit: { calls: 60, per: 10m }
    policy: ../../etc/passwd
frontDoor:
  waf: { rateLimit: { per: 2m } }
"#;

#[test]
fn twenty_mistakes_are_twenty_diagnostics_at_the_right_places() {
    let project = Project::new(&[("spec.yaml", TWENTY)]);
    let expected: [_; 20] = [
        ("invalid-name", "2:7"),
        ("invalid-value", "4:17"),
        ("invalid-name", "6:13"),
        ("unknown-key", "7:3"),
        ("wrong-type", "8:17"),
        ("invalid-name", "11:11"),
        ("conflict", "13:21"),
        ("invalid-value", "19:13"),
        ("invalid-name", "20:22"),
        ("unknown-name", "21:16"),
        ("missing-key", "22:1"),
        ("conflict", "24:35"),
        ("unsupported", "27:11"),
        ("duplicate-key", "29:5"),
        ("invalid-name", "32:11"),
        ("unknown-name", "33:26"),
        ("invalid-value", "36:19"),
        ("invalid-value", "37:34"),
        ("outside-project", "38:13"),
        ("invalid-value", "40:28"),
    ];
    let expected = expected.map(|(code, place)| (code.to_owned(), format!("spec.yaml:{place}")));
    assert_eq!(project.problems("spec.yaml"), expected);
    let shown = project.load("spec.yaml").unwrap_err().render(100, false);
    for (_, place) in &expected {
        assert!(
            shown.lines().any(|line| line.contains(place.as_str())),
            "{place} is not on one line"
        );
    }
    insta::assert_snapshot!(shown);
}

/// A spec with one mistake: text replaced in the valid one, files beside it, where the mistake is.
struct Mistake {
    code: Code,
    change: (&'static str, &'static str),
    beside: &'static [(&'static str, &'static str)],
    at: &'static str,
}

const fn mistake(code: Code, from: &'static str, to: &'static str, at: &'static str) -> Mistake {
    Mistake {
        code,
        change: (from, to),
        beside: &[],
        at,
    }
}

const fn contract(text: &'static [(&'static str, &'static str)], at: &'static str) -> Mistake {
    Mistake {
        code: Code::Contract,
        change: (OPERATIONS, "contract: c.yaml"),
        beside: text,
        at,
    }
}

const OPERATIONS: &str = "operations: [{ method: GET, path: /orders }]";
const OWN_DOMAIN: &str =
    "secgw: v1\nfrontDoor: { domains: [api.contoso.com], hsts: { includeSubdomains: true } }";

const MISTAKES: &[Mistake] = &[
    mistake(
        Code::Duplicate,
        "secgw: v1",
        "secgw: v1\nmoved: [{ from: apis/orders, to: apis/orders }]",
        "spec.yaml:2:17",
    ),
    mistake(
        Code::UnknownName,
        "secgw: v1",
        "secgw: v1\nmoved: [{ from: apis/old, to: apis/none }]",
        "spec.yaml:2:31",
    ),
    mistake(
        Code::InvalidName,
        "secgw: v1",
        "secgw: v1\nmoved: [{ from: functions/f, to: apis/orders }]",
        "spec.yaml:2:17",
    ),
    mistake(
        Code::InvalidValue,
        "secgw: v1",
        "secgw: v1\nmoved: [{ from: clients/old, to: apis/orders }]",
        "spec.yaml:2:34",
    ),
    mistake(
        Code::UnknownKey,
        "secgw: v1",
        "secgw: v1\nunmanaged: { operatoins: report }",
        "spec.yaml:2:14",
    ),
    mistake(
        Code::InvalidValue,
        "secgw: v1",
        "secgw: v1\nunmanaged: { apis: keep }",
        "spec.yaml:2:20",
    ),
    mistake(
        Code::InvalidValue,
        "secgw: v1",
        "secgw: v1\nsafety: { maxDelete: 300% }",
        "spec.yaml:2:22",
    ),
    mistake(
        Code::MissingKey,
        "secgw: v1",
        "secgw: v1\nignore: [{ address: apis/x }]",
        "spec.yaml:2:10",
    ),
    mistake(
        Code::MissingKey,
        "secgw: v1",
        "secgw: v1\nignore: [{ address: apis/x, pointer: /properties/a, reason: x }]",
        "spec.yaml:2:10",
    ),
    mistake(
        Code::InvalidValue,
        "secgw: v1",
        "secgw: v1\nignore: [{ address: '*', reason: x }]",
        "spec.yaml:2:21",
    ),
    mistake(
        Code::File,
        OPERATIONS,
        "contract: missing.yaml",
        "spec.yaml:24:15",
    ),
    Mistake {
        code: Code::Syntax,
        change: (OPERATIONS, "contract: c.yaml"),
        beside: &[("c.yaml", "openapi: 3.0.0\npaths: [\n")],
        at: "c.yaml:2:8",
    },
    Mistake {
        code: Code::Cycle,
        change: ("secgw: v1", "secgw: v1\nextends: a.yaml"),
        beside: &[("a.yaml", "extends: spec.yaml")],
        at: "a.yaml:1:10",
    },
    mistake(
        Code::DuplicateKey,
        "location: westeurope",
        "location: westeurope\n  location: northeurope",
        "spec.yaml:7:3",
    ),
    mistake(
        Code::UnknownKey,
        "publisher:",
        "publishr: {}\n  publisher:",
        "spec.yaml:19:3",
    ),
    mistake(
        Code::UnknownKey,
        "resourceGroup: rg-orders",
        "resourceGroup: rg-orders\n  endpoint: https://management.evil.example",
        "spec.yaml:6:3",
    ),
    mistake(
        Code::MissingKey,
        "  tenant: contosob2c.onmicrosoft.com\n",
        "",
        "spec.yaml:8:1",
    ),
    mistake(
        Code::MissingKey,
        OPERATIONS,
        "operations: []",
        "spec.yaml:22:5",
    ),
    mistake(
        Code::MissingKey,
        "    require: { scopes: [orders.read] }\n",
        "",
        "spec.yaml:22:5",
    ),
    mistake(
        Code::WrongType,
        "tags: { team: orders }",
        "tags: [team, orders]",
        "spec.yaml:7:3",
    ),
    mistake(Code::WrongType, "units: 1", "units: -1", "spec.yaml:18:35"),
    mistake(Code::InvalidValue, "per: 60s", "per: 60", "spec.yaml:27:34"),
    mistake(
        Code::InvalidValue,
        "calls: 60",
        "calls: 0",
        "spec.yaml:27:25",
    ),
    mistake(
        Code::InvalidValue,
        "[{ displayName: Ada Lovelace, signIn: ada@example.com }]",
        "[]",
        "spec.yaml:15:3",
    ),
    mistake(
        Code::InvalidValue,
        "scopes: [orders.read] }\n",
        "scopes: [] }\n",
        "spec.yaml:26:16",
    ),
    mistake(
        Code::InvalidValue,
        "secgw: v1",
        "secgw: v1\nfrontDoor: { hsts: { maxAge: 1d } }",
        "spec.yaml:2:30",
    ),
    mistake(
        Code::InvalidValue,
        "secgw: v1",
        "secgw: v1\nnetwork: { addressSpace: 10.0.0.0/24 }",
        "spec.yaml:2:26",
    ),
    mistake(
        Code::InvalidName,
        "name: apim-orders",
        "name: 1-apim",
        "spec.yaml:17:9",
    ),
    mistake(
        Code::InvalidName,
        "tags: { team: orders }",
        "tags: { te/am: orders }",
        "spec.yaml:7:11",
    ),
    mistake(
        Code::Duplicate,
        "[orders.read] }]",
        "[orders.read, orders.read] }]",
        "spec.yaml:14:107",
    ),
    mistake(
        Code::Duplicate,
        "[{ method: GET, path: /orders }]",
        "[{ method: GET, path: '/orders/{a}' }, { method: GET, path: '/orders/{b}' }]",
        "spec.yaml:24:56",
    ),
    mistake(
        Code::UnknownName,
        "function: func-orders",
        "function: func-order",
        "spec.yaml:25:26",
    ),
    Mistake {
        code: Code::UnknownName,
        change: (
            OPERATIONS,
            "contract: c.yaml\n    operations: [{ method: POST, path: /orders }]",
        ),
        beside: &[("c.yaml", "openapi: 3.0.0\npaths: { /orders: { get: {} } }")],
        at: "spec.yaml:25:40",
    },
    mistake(
        Code::Conflict,
        "secgw: v1",
        "secgw: v1\nobservability: { logAnalytics: false }",
        "spec.yaml:2:1",
    ),
    mistake(
        Code::Conflict,
        "'https://app.contoso.com/auth'",
        "'http://localhost:3000/'",
        "spec.yaml:14:52",
    ),
    mistake(
        Code::Conflict,
        "location: westeurope",
        "location: usgovvirginia",
        "spec.yaml:6:13",
    ),
    mistake(
        Code::Conflict,
        "secgw: v1",
        "secgw: v1\nfrontDoor: { hsts: { includeSubdomains: true } }",
        "spec.yaml:2:41",
    ),
    mistake(
        Code::Unsupported,
        "name: StandardV2",
        "name: Consumption",
        "spec.yaml:18:16",
    ),
    mistake(
        Code::Unsupported,
        "name: StandardV2",
        "name: PremiumV2",
        "spec.yaml:18:16",
    ),
    mistake(
        Code::Unsupported,
        "secgw: v1",
        "secgw: v1\nnetwork: { mode: injected }",
        "spec.yaml:2:18",
    ),
    mistake(
        Code::Unsupported,
        "secgw: v1",
        "secgw: v1\nfrontDoor: { sku: Standard }",
        "spec.yaml:2:19",
    ),
    mistake(
        Code::Unsupported,
        "location: westeurope",
        "location: chinanorth3\n  cloud: china",
        "spec.yaml:6:13",
    ),
    mistake(
        Code::Unsupported,
        "method: GET",
        "method: OPTIONS",
        "spec.yaml:24:28",
    ),
    mistake(
        Code::Reference,
        "rg-orders",
        "rg-${env:STAGE}",
        "spec.yaml:5:18",
    ),
    mistake(
        Code::Reference,
        "rg-orders",
        "rg-${STAGE}",
        "spec.yaml:5:18",
    ),
    mistake(
        Code::LiteralSecret,
        "displayName: Orders API",
        "displayName: abc8Q~0123456789abcdefghijABCDEFGHIJ0123",
        "spec.yaml:13:23",
    ),
    mistake(
        Code::LiteralSecret,
        "runtime: node-22",
        "runtime: node-22, settings: { DB_PASSWORD: hunter2 }",
        "spec.yaml:20:100",
    ),
    mistake(
        Code::SecretOutOfPlace,
        "name: Contoso",
        "name: '${env:MY_SECRET}'",
        "spec.yaml:19:22",
    ),
    mistake(
        Code::SecretOutOfPlace,
        "name: Contoso",
        "name: '${keyvault:kv/name}'",
        "spec.yaml:19:22",
    ),
    mistake(
        Code::OutsideProject,
        OPERATIONS,
        "contract: ../c.yaml",
        "spec.yaml:24:15",
    ),
    mistake(
        Code::OutsideProject,
        "name: Contoso",
        "name: '${file:/etc/hostname}'",
        "spec.yaml:19:22",
    ),
    mistake(
        Code::OutsideProject,
        "secgw: v1",
        "secgw: v1\nextends: /etc/base.yaml",
        "spec.yaml:2:10",
    ),
    mistake(
        Code::NotForSpecs,
        OPERATIONS,
        "contract: http://169.254.169.254/metadata",
        "spec.yaml:24:15",
    ),
    mistake(
        Code::NotForSpecs,
        "runtime: node-22",
        "runtime: node-22, settings: { AzureWebJobsStorage: x }",
        "spec.yaml:20:87",
    ),
    mistake(
        Code::NotForSpecs,
        "tags: { team: orders }",
        "tags: { secgw-spec: orders }",
        "spec.yaml:7:11",
    ),
    contract(
        &[("c.yaml", "swagger: '2.0'\npaths: { /a: { get: {} } }")],
        "c.yaml:1:10",
    ),
    contract(&[("c.yaml", "openapi: 3.0.0\npaths: {}")], "c.yaml:1:1"),
    contract(
        &[("c.yaml", "openapi: 3.0.0\npaths: { orders: { get: {} } }")],
        "c.yaml:2:10",
    ),
    contract(
        &[(
            "c.yaml",
            "openapi: 3.0.0\npaths: { /a: { get: {}, options: {} } }",
        )],
        "c.yaml:2:25",
    ),
    contract(
        &[(
            "c.yaml",
            "openapi: 3.0.0\npaths: { '/a/{id}': { get: {} } }",
        )],
        "c.yaml:2:23",
    ),
    contract(
        &[(
            "c.yaml",
            "openapi: 3.0.0\npaths: { /a: { get: { operationId: x }, put: { operationId: x } } }",
        )],
        "c.yaml:2:41",
    ),
    contract(
        &[(
            "c.yaml",
            "openapi: 3.0.0\npaths: { /a: { get: { parameters: [{ $ref: 'other.yaml#/a' }] } } }",
        )],
        "c.yaml:2:44",
    ),
];

#[test]
fn each_mistake_is_one_diagnostic_with_its_code_at_its_place() {
    Project::new(&[("spec.yaml", STANDALONE)]).accepted("spec.yaml");
    for Mistake {
        code,
        change: (from, to),
        beside,
        at,
    } in MISTAKES
    {
        assert_eq!(STANDALONE.matches(from).count().min(1), 1, "{from}");
        let project = Project::new(&[("spec.yaml", STANDALONE.replacen(from, to, 1).as_str())]);
        for (name, text) in *beside {
            project.write(name, text);
        }
        assert_eq!(
            project.problems("spec.yaml"),
            [(code.as_str().to_owned(), (*at).to_owned())],
            "{to}"
        );
        let found = project.load("spec.yaml").unwrap_err();
        assert!(
            found.iter().all(|problem| problem.help.len() > 3),
            "{to}: no remedy"
        );
    }
}

#[test]
fn every_code_has_a_mistake() {
    let tested: BTreeSet<Code> = MISTAKES.iter().map(|mistake| mistake.code).collect();
    // `policy` is reported by the compiler, which reads policies.
    let loading = Code::ALL
        .iter()
        .copied()
        .filter(|code| *code != Code::Policy);
    assert_eq!(tested, loading.collect());
}

#[test]
fn subdomains_may_be_included_with_a_domain_of_ones_own() {
    let project = Project::new(&[(
        "spec.yaml",
        STANDALONE.replace("secgw: v1", OWN_DOMAIN).as_str(),
    )]);
    let front_door = project.accepted("spec.yaml").spec.front_door;
    assert!(front_door.hsts.include_subdomains);
    assert_eq!(front_door.domains[0].at.to_string(), "spec.yaml:2:24");
}

#[test]
fn a_literal_secret_is_shown_nowhere() {
    let secret = "abc8Q~0123456789abcdefghijABCDEFGHIJ0123";
    let credential = format!(
        "tenantId: 00000000-0000-4000-8000-000000000003\n  credential: {{ clientId: not-an-id, clientSecret: {secret} }}"
    );
    let text = STANDALONE.replace(
        "tenantId: 00000000-0000-4000-8000-000000000003",
        &credential,
    );
    let project = Project::new(&[("spec.yaml", &text)]);
    let found = project.load("spec.yaml").unwrap_err();
    let shown = format!(
        "{}{}{found:?}",
        found.render(200, true),
        serde_json::to_string(&found).unwrap()
    );
    assert!(
        !shown.contains(secret) && shown.contains("literal-secret"),
        "{shown}"
    );
    assert_eq!(found.len(), 2, "the secret once, the id once");
}

#[test]
fn a_secret_that_a_variable_holds_is_not_shown_either() {
    let text = STANDALONE.replace("name: Contoso", "name: '${env:PUBLISHER}'");
    let mut project = Project::new(&[("spec.yaml", &text)]);
    let secret = "abc8Q~0123456789abcdefghijABCDEFGHIJ0123";
    project
        .environment
        .insert("PUBLISHER".to_owned(), secret.to_owned());
    let found = project.load("spec.yaml").unwrap_err();
    assert_eq!(
        project.problems("spec.yaml"),
        [(
            "secret-out-of-place".to_owned(),
            "spec.yaml:19:22".to_owned()
        )]
    );
    assert!(!found.render(200, false).contains(secret));
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_does_not_lead_out_of_the_project() {
    let outside = Project::new(&[("secret.xml", "<policies/>")]);
    let text = STANDALONE.replace("rateLimit:", "policy: link.xml\n    rateLimit:");
    let project = Project::new(&[("spec.yaml", &text)]);
    std::os::unix::fs::symlink(
        outside.path().join("secret.xml"),
        project.path().join("link.xml"),
    )
    .unwrap();
    assert_eq!(
        project.problems("spec.yaml"),
        [("outside-project".to_owned(), "spec.yaml:27:13".to_owned())]
    );
    let mut allowed = options(SpecFile::Path("spec.yaml".into()), project.path());
    allowed.allow_outside = true;
    assert!(spec::load(&allowed).is_ok(), "the operator may allow it");
}

#[test]
fn a_spec_in_another_project_may_use_that_project() {
    let options = options(
        SpecFile::Path(repository().join("environments/prod.yaml")),
        Project::new(&[]).path(),
    );
    let loaded =
        spec::load(&options).unwrap_or_else(|found| panic!("{}", found.render(120, false)));
    assert!(
        loaded.files().all(|name| name.starts_with('/')),
        "names outside the working directory are whole"
    );
}

#[test]
fn a_secret_in_a_policy_is_found_and_not_shown() {
    let secret = "abc8Q~0123456789abcdefghijABCDEFGHIJ0123";
    let policy = format!(
        "<policies>\n  <inbound><set-header name=\"a\"><value>{secret}</value></set-header></inbound>\n</policies>\n"
    );
    let text = STANDALONE.replace("rateLimit:", "policy: extra.xml\n    rateLimit:");
    let project = Project::new(&[("spec.yaml", &text), ("extra.xml", &policy)]);
    assert_eq!(
        project.problems("spec.yaml"),
        [("literal-secret".to_owned(), "extra.xml:2:1".to_owned())]
    );
    assert!(
        !project
            .load("spec.yaml")
            .unwrap_err()
            .render(200, false)
            .contains(secret)
    );
}

#[cfg(unix)]
#[test]
fn a_project_may_be_reached_through_a_link() {
    let (project, elsewhere) = (
        Project::new(&[("environments/dev.yaml", STANDALONE)]),
        Project::new(&[]),
    );
    let link = elsewhere.path().join("link");
    std::os::unix::fs::symlink(project.path(), &link).unwrap();
    for spec in [
        SpecFile::Path(link.join("environments/dev.yaml")),
        SpecFile::Path("environments/dev.yaml".into()),
        SpecFile::Environment("dev".to_owned()),
    ] {
        assert!(spec::load(&options(spec, &link)).is_ok());
    }
}

#[test]
fn nesting_without_end_is_refused() {
    let project = Project::new(&[("spec.yaml", "[".repeat(100_000).as_str())]);
    assert_eq!(project.problems("spec.yaml")[0].0, "syntax");
}

#[test]
fn a_missing_environment_names_the_nearest() {
    let found = spec::load(&options(
        SpecFile::Environment("prd".to_owned()),
        &repository(),
    ))
    .unwrap_err();
    assert_eq!(found.iter().next().unwrap().help, "did you mean `prod`?");
    let found = spec::load(&options(
        SpecFile::Environment("../prod".to_owned()),
        &repository(),
    ))
    .unwrap_err();
    assert_eq!(found.iter().next().unwrap().code, Code::File);
}

#[test]
fn text_that_is_no_yaml_is_one_problem_with_its_place() {
    let project = Project::new(&[("spec.yaml", "secgw: v1\nname: [orders\nazure: {}\n")]);
    let found = project.problems("spec.yaml");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "syntax");
}

#[test]
fn an_alias_bomb_is_refused() {
    let level = |level: u32| {
        format!(
            "a{level}: &a{level} [*a{0}, *a{0}, *a{0}, *a{0}]",
            level - 1
        )
    };
    let levels: Vec<String> = (1..40).map(level).collect();
    let bomb = format!("a0: &a0 x\n{}\n", levels.join("\n"));
    let project = Project::new(&[("spec.yaml", bomb.as_str())]);
    assert_eq!(
        project
            .problems("spec.yaml")
            .iter()
            .map(|(code, _)| code.as_str())
            .collect::<Vec<_>>(),
        ["syntax"]
    );
}
