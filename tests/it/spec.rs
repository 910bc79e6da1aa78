//! Specs from files: the environments, every mistake at once, merging, origins, what a spec may not do.

mod mistakes;
mod project;
mod robust;

use std::collections::BTreeSet;

use crate::stand::ENVIRONMENTS;
use project::{Project, STANDALONE, environment, repository};
use secgw::spec::{self, Origin, SecretSource, Section, SettingValue, SpecFile, Topology};
use serde_json::json;

#[test]
fn every_environment_is_valid_in_the_sandbox_without_any_variable() {
    let [dev, staging, prod] = ENVIRONMENTS.map(|name| environment(name).spec);
    assert_eq!(prod.network.topology, Topology::PrivateEdgePrivateBackend);
    assert_eq!(dev.network.topology, Topology::PrivateEdgeRestrictedBackend);
    assert_eq!(
        staging.network.topology,
        Topology::FilteredEdgePrivateBackend
    );
    let specs = [&dev, &staging, &prod];
    let reasons: BTreeSet<_> = specs.iter().map(|spec| &spec.network.reason).collect();
    assert_eq!(reasons.len(), specs.len());
    // All sign in to one tenant, where each must know its own applications.
    let names: BTreeSet<_> = specs.iter().map(|spec| &spec.name).collect();
    assert_eq!(names.len(), specs.len());
    for spec in specs {
        assert_eq!(
            spec.azure.subscription.to_string(),
            "00000000-0000-4000-8000-000000000001"
        );
        assert_eq!(spec.identity.tenant.as_str(), "contosob2c.onmicrosoft.com");
        assert_eq!(spec.front_door.private_link_location.as_str(), "westeurope");
        assert!(spec.apis[0].operations.len() >= 8);
        let scopes: BTreeSet<_> = spec.apis[0]
            .operations
            .iter()
            .flat_map(|operation| &operation.scopes)
            .collect();
        assert_eq!(
            scopes.len(),
            spec.identity.api.scopes.len(),
            "every declared scope is required somewhere"
        );
    }
}

#[test]
fn operations_take_their_scopes_from_the_spec_and_the_rest_from_the_contract() {
    let api = &environment("prod").spec.apis[0];
    let find = |name: &str| {
        api.operations
            .iter()
            .find(|operation| operation.name.as_str() == name)
            .unwrap()
    };
    let scopes = |name: &str| {
        find(name)
            .scopes
            .iter()
            .map(spec::ScopeName::as_str)
            .collect::<Vec<_>>()
    };
    assert_eq!(scopes("list-orders"), ["orders.read"]);
    assert_eq!(scopes("place-order"), ["orders.write"]);
    assert_eq!(scopes("ship-order"), ["orders.read", "orders.ship"]);
    let put = find("put-item");
    assert_eq!(
        (
            put.method.as_str(),
            put.url_template.as_str(),
            put.display_name.as_str()
        ),
        (
            "PUT",
            "/orders/{orderId}/items/{lineNumber}",
            "Put an item on a line"
        )
    );
    let parameters: Vec<_> = put
        .template_parameters
        .iter()
        .map(|parameter| parameter.name.as_str())
        .collect();
    assert_eq!(parameters, ["orderId", "lineNumber"]);
    assert_eq!(put.at.file(), "templates/openapi/orders.yaml");
}

#[test]
fn the_environment_answers_references_and_secrets_stay_references() {
    let mut options = project::options(SpecFile::Environment("prod".to_owned()), &repository());
    options.sandbox = false;
    let variables = [
        ("AZURE_SUBSCRIPTION_ID", 7),
        ("AZURE_TENANT_ID", 8),
        ("B2C_TENANT_ID", 9),
        ("B2C_CLIENT_ID", 6),
    ];
    options.environment.extend(variables.map(|(name, digit)| {
        (
            name.to_owned(),
            format!("00000000-0000-4000-8000-00000000000{digit}"),
        )
    }));
    options
        .environment
        .insert("B2C_CLIENT_SECRET".to_owned(), "hush-hush".to_owned());
    let loaded =
        spec::load(&options).unwrap_or_else(|found| panic!("{}", found.render(120, false)));
    assert_eq!(
        loaded.spec.azure.subscription.to_string(),
        "00000000-0000-4000-8000-000000000007"
    );
    let credential = loaded.spec.identity.credential.as_ref().unwrap();
    assert_eq!(
        credential.client_secret,
        SecretSource::Environment {
            variable: "B2C_CLIENT_SECRET".to_owned()
        }
    );
    let told = format!(
        "{:?}{}{:?}",
        loaded.spec,
        loaded.effective.to_yaml(),
        loaded.effective.values()
    );
    assert!(!told.contains("hush-hush") && told.contains("B2C_CLIENT_SECRET"));
}

#[test]
fn outside_the_sandbox_an_unset_variable_is_a_problem_for_everything_but_secrets() {
    let mut options = project::options(SpecFile::Environment("prod".to_owned()), &repository());
    options.sandbox = false;
    let found = spec::load(&options).unwrap_err();
    let asked: Vec<_> = found.iter().map(|problem| problem.at.path()).collect();
    assert_eq!(
        asked,
        [
            "azure.subscription",
            "azure.tenantId",
            "identity.tenantId",
            "identity.credential.clientId"
        ]
    );
}

#[test]
fn the_sandbox_answers_for_its_own_ids_and_for_nothing_else() {
    let text = STANDALONE
        .replace(
            "subscription: 00000000-0000-4000-8000-000000000001",
            "subscription: ${env:SUB}",
        )
        .replace("rg-orders", "${env:GROUP}");
    let mut project = Project::new(&[("spec.yaml", &text)]);
    project.sandbox = true;
    assert_eq!(
        project.problems("spec.yaml"),
        [("reference".to_owned(), "spec.yaml:5:18".to_owned())]
    );
    project
        .environment
        .insert("GROUP".to_owned(), "rg-mine".to_owned());
    let azure = project.load("spec.yaml").unwrap().spec.azure;
    assert_eq!(
        azure.subscription.to_string(),
        "00000000-0000-4000-8000-000000000001"
    );
    let other = "00000000-0000-4000-8000-0000000000ff";
    project
        .environment
        .insert("SUB".to_owned(), other.to_owned());
    assert_eq!(
        project
            .load("spec.yaml")
            .unwrap()
            .spec
            .azure
            .subscription
            .to_string(),
        other,
        "what is set wins"
    );
}

#[test]
fn every_value_says_where_it_came_from() {
    let values = environment("prod").effective.values();
    let origin = |path: &str| {
        let value = values
            .iter()
            .find(|value| value.path == path)
            .unwrap_or_else(|| panic!("no {path}"));
        (value.value.clone(), value.origin.to_string())
    };
    assert_eq!(
        origin("identity.provider"),
        (json!("b2c"), "templates/secure-api.yaml:9:13".to_owned())
    );
    assert_eq!(
        origin("gateway.sku.name"),
        (
            json!("StandardV2"),
            "environments/prod.yaml:36:16".to_owned()
        )
    );
    assert_eq!(
        origin("network.addressSpace"),
        (json!("10.64.0.0/20"), "default".to_owned())
    );
    let (subscription, from) = origin("azure.subscription");
    assert_eq!(subscription, json!("00000000-0000-4000-8000-000000000001"));
    assert_eq!(
        from,
        "${env:AZURE_SUBSCRIPTION_ID} at environments/prod.yaml:9:17"
    );
    assert_eq!(
        origin("identity.credential.clientSecret").0,
        json!("${env:B2C_CLIENT_SECRET}")
    );
}

#[test]
fn the_effective_spec_is_itself_a_valid_spec_with_the_same_values() {
    for name in ENVIRONMENTS {
        let loaded = environment(name);
        let yaml = loaded
            .effective
            .to_yaml()
            .replace("./openapi/", "../templates/openapi/")
            .replace("./policies/", "../templates/policies/");
        let project = Project::new(&[("environments/again.yaml", yaml.as_str())]).with_templates();
        let again = project
            .load("environments/again.yaml")
            .unwrap_or_else(|found| panic!("{}\n{yaml}", found.render(120, false)));
        let shown = |values: Vec<spec::EffectiveValue>| {
            values
                .into_iter()
                .filter(|value| !value.path.contains("contract") && !value.path.contains("policy"))
                .map(|value| (value.path, value.value.to_string()))
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(
            shown(again.effective.values()),
            shown(loaded.effective.values())
        );
        assert_eq!(
            again.spec.apis[0].operations.len(),
            loaded.spec.apis[0].operations.len()
        );
    }
}

#[test]
fn maps_are_merged_named_lists_are_merged_by_name_and_other_lists_are_replaced() {
    let overlay = "
        secgw: v1
        extends: base.yaml
        azure: { tags: { owner: me } }
        identity: { clients: [{ name: web, redirectUris: ['https://other.contoso.com/auth'] }] }
        functions: [{ name: func-more, plan: flexConsumption, runtime: node-24 }]
        protect: [frontDoor]
    ";
    let project = Project::new(&[("base.yaml", STANDALONE), ("spec.yaml", overlay)]);
    let spec = project.accepted("spec.yaml").spec;
    let tags: Vec<_> = spec
        .azure
        .tags
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(tags, [("owner", "me"), ("team", "orders")]);
    let client = &spec.identity.clients[0];
    assert_eq!(
        client
            .redirect_uris
            .iter()
            .map(spec::RedirectUri::as_str)
            .collect::<Vec<_>>(),
        ["https://other.contoso.com/auth"]
    );
    assert_eq!(
        client.scopes.len(),
        1,
        "what the overlay does not mention stays"
    );
    assert_eq!(
        spec.functions
            .iter()
            .map(|function| function.name.as_str())
            .collect::<Vec<_>>(),
        ["func-orders", "func-more"]
    );
    assert_eq!(spec.protect, BTreeSet::from([Section::FrontDoor]));
}

#[test]
fn an_empty_list_replaces_and_nothing_removes() {
    let overlay = "{ secgw: v1, extends: base.yaml, identity: { clients: [], accounts: ~ }, apis: [{ name: orders, rateLimit: ~ }] }";
    let project = Project::new(&[("base.yaml", STANDALONE), ("spec.yaml", overlay)]);
    let spec = project.accepted("spec.yaml").spec;
    assert_eq!(spec.identity.clients, []);
    assert_eq!(spec.identity.accounts, None);
    assert_eq!(spec.apis[0].rate_limit, None);
    assert!(
        project.accepted("base.yaml").spec.apis[0]
            .rate_limit
            .is_some()
    );
}

#[test]
fn an_overlay_that_removes_what_is_not_there_is_mistaken() {
    let overlay = "{ secgw: v1, extends: base.yaml, network: ~ }";
    let project = Project::new(&[("base.yaml", STANDALONE), ("spec.yaml", overlay)]);
    assert_eq!(
        project.problems("spec.yaml"),
        [("wrong-type".to_owned(), "spec.yaml:1:34".to_owned())]
    );
}

#[test]
fn a_chain_of_three_is_laid_over_each_other_with_paths_relative_to_each_file() {
    let project = Project::new(&[
        ("base/base.yaml", STANDALONE),
        (
            "base/contract.yaml",
            "{ openapi: 3.1.0, info: { title: From the middle }, paths: { /a: { get: {} } } }",
        ),
        (
            "base/middle.yaml",
            "{ extends: base.yaml, apis: [{ name: orders, operations: [], contract: contract.yaml }] }",
        ),
        (
            "spec.yaml",
            "{ extends: base/middle.yaml, gateway: { sku: { name: Basic, units: 2 } } }",
        ),
    ]);
    let spec = project.accepted("spec.yaml").spec;
    assert_eq!(
        (spec.gateway.sku.name.as_str(), spec.gateway.sku.units),
        ("Basic", 2)
    );
    assert_eq!(spec.apis[0].display_name, "From the middle");
    assert_eq!(spec.gateway.at.to_string(), "spec.yaml:1:30");
    assert_eq!(spec.azure.at.file(), "base/base.yaml");
}

#[test]
fn a_contract_may_be_json() {
    let contract = "{\n\t\"openapi\": \"3.0.1\",\n\t\"paths\": {\n\t\t\"/orders/{id}\": {\n\t\t\t\"get\": { \"parameters\": [{ \"name\": \"id\", \"in\": \"path\", \"schema\": { \"type\": \"integer\" } }] }\n\t\t}\n\t}\n}\n";
    let standalone = STANDALONE.replace(
        "operations: [{ method: GET, path: /orders }]",
        "contract: orders.json",
    );
    let project = Project::new(&[("spec.yaml", &standalone), ("orders.json", contract)]);
    let operation = project.accepted("spec.yaml").spec.apis[0].operations[0].clone();
    assert_eq!(
        (operation.name.as_str(), operation.url_template.as_str()),
        ("get-orders-id", "/orders/{id}")
    );
    assert_eq!(
        operation.template_parameters[0].kind,
        spec::ParameterKind::Integer
    );
    assert_eq!(operation.at.to_string(), "orders.json:5:4");
}

#[test]
fn settings_may_be_kept_in_a_key_vault() {
    let standalone = STANDALONE.replace("runtime: node-22", "runtime: node-22, settings: { CURRENCY: EUR, PAYMENT_KEY: '${keyvault:kv-orders/payment-key}' }");
    let project = Project::new(&[("spec.yaml", &standalone)]);
    let settings = &project.accepted("spec.yaml").spec.functions[0].settings;
    let values: Vec<_> = settings
        .iter()
        .map(|setting| (setting.name.as_str(), setting.value.clone()))
        .collect();
    let kept = SettingValue::KeyVault {
        vault: "kv-orders".to_owned(),
        secret: "payment-key".to_owned(),
    };
    assert_eq!(
        values,
        [
            ("CURRENCY", SettingValue::Plain("EUR".to_owned())),
            ("PAYMENT_KEY", kept)
        ]
    );
}

#[test]
fn numbers_and_switches_may_come_from_the_environment() {
    let standalone = STANDALONE
        .replace("units: 1", "units: '${env:UNITS:-2}'")
        .replace(
            "secgw: v1",
            "secgw: v1\nobservability: { appInsights: '${env:TRACES}' }",
        );
    let mut project = Project::new(&[("spec.yaml", &standalone)]);
    project
        .environment
        .insert("TRACES".to_owned(), "false".to_owned());
    let loaded = project.accepted("spec.yaml");
    assert_eq!(
        (
            loaded.spec.gateway.sku.units,
            loaded.spec.observability.app_insights
        ),
        (2, false)
    );
    let origin = loaded
        .effective
        .values()
        .into_iter()
        .find(|value| value.path == "gateway.sku.units")
        .unwrap()
        .origin;
    assert!(
        matches!(origin, Origin::Reference { reference, .. } if reference == "${env:UNITS:-2}")
    );
}

#[test]
fn the_committed_schema_is_the_one_that_the_model_makes() {
    let file = repository().join("secgw.schema.json");
    let made = format!(
        "{}\n",
        serde_json::to_string_pretty(&spec::schema()).unwrap()
    );
    if std::env::var_os("SECGW_UPDATE").is_some() {
        std::fs::write(&file, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == made,
        "run `SECGW_UPDATE=1 cargo test --test it the_committed_schema` and commit the result"
    );
}

#[test]
fn the_schema_knows_valid_specs_from_others() {
    let schema = spec::schema();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let valid =
        |text: &str| validator.is_valid(&serde_yaml::from_str::<serde_json::Value>(text).unwrap());
    for file in [
        "templates/secure-api.yaml",
        "environments/dev.yaml",
        "environments/prod.yaml",
    ] {
        let text = std::fs::read_to_string(repository().join(file)).unwrap();
        assert!(valid(&text), "{file}");
        assert!(
            !valid(&text.replace("secgw: v1", "secgv: v1")),
            "{file} with an unknown key"
        );
    }
    assert!(valid(STANDALONE));
    for (from, to) in [
        ("StandardV2", "standardv2"),
        ("units: 1", "units: one"),
        ("publisher:", "publishr:"),
        ("per: 60s", "per: 60"),
        ("GET", "OPTIONS"),
    ] {
        assert!(!valid(&STANDALONE.replace(from, to)), "{from} → {to}");
    }
    let without_gateway = STANDALONE.replace("gateway:", "extends: base.yaml\nnetwork: {}\nx: ");
    assert!(!valid(&without_gateway));
    let lacking = "{ secgw: v1, name: orders, gateway: {} }";
    assert!(!valid(lacking), "a spec that stands alone must be whole");
    assert!(
        valid("{ secgw: v1, extends: base.yaml, name: orders, gateway: {} }"),
        "a part need not be"
    );
    assert!(
        valid("{ extends: base.yaml, identity: { accounts: ~ }, network: ~ }"),
        "a part may remove what is underneath"
    );
}
