//! The policy documents secgw composes: their whole text, and what must hold in them.

use secgw::policy::{
    Api, Backend, Cors, Document, Edge, Extra, Form, Global, Hsts, Limit, Operation, Part, Section,
    Token, UserClaim, Value, api, check, diff, global,
};

fn limit(calls: u32, period: u32) -> Limit {
    Limit { calls, period }
}

fn scopes(scopes: &[&str]) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

fn operation(id: &str, required: &[&str]) -> Operation {
    Operation {
        id: id.to_owned(),
        scopes: scopes(required),
    }
}

/// The API of `environments/prod.yaml`, as far as its policy goes: T1, B2C, accounts made beforehand.
fn orders() -> Api {
    Api {
        name: "orders".to_owned(),
        cors: Some(Cors {
            origins: vec!["https://app.contoso.com".to_owned()],
            methods: vec!["GET".to_owned(), "POST".to_owned()],
            headers: vec!["Authorization".to_owned(), "Content-Type".to_owned()],
        }),
        body_cap: 1_048_576,
        token: Token {
            openid_config: Value::hole("openid-config"),
            audience: Value::hole("api-app-id"),
            issuer: Value::hole("issuer"),
            scopes: scopes(&["orders.read", "orders.write"]),
            clients: vec![Value::hole("web-app-id")],
            sign_in_policy: Some(Value::from("B2C_1_signin")),
        },
        user: UserClaim::Subject,
        accounts: Some(vec![Value::hole("ada"), Value::hole("grace")]),
        operations: vec![
            operation("listOrders", &["orders.read"]),
            operation("createOrder", &["orders.read", "orders.write"]),
        ],
        address_limit: None,
        user_limit: Some(limit(60, 60)),
        user_quota: Some(limit(10_000, 86_400)),
        backend: Backend {
            id: "func-orders-prod".to_owned(),
            resource: Value::hole("function-app-id"),
            identity: Value::hole("gateway-client-id"),
        },
        extra: None,
    }
}

/// As in `environments/dev.yaml`: T3, External ID, everybody whom the sign-in lets in.
fn notes() -> Api {
    let extra = "<policies><inbound><!-- v2 of the function --><rewrite-uri template=\"/v2\" /></inbound>\
                 <on-error><trace source=\"notes\"><message>@(context.LastError.Reason)</message></trace></on-error></policies>";
    Api {
        name: "notes".to_owned(),
        cors: None,
        token: Token {
            sign_in_policy: None,
            scopes: scopes(&["notes.read"]),
            ..orders().token
        },
        user: UserClaim::ObjectId,
        accounts: None,
        operations: vec![operation("getNote", &["notes.read"])],
        user_quota: None,
        extra: Some(Extra::read(extra).unwrap()),
        ..orders()
    }
}

fn gateway(edge: Edge) -> Global {
    Global {
        edge,
        address_limit: limit(300, 60),
        hsts: Hsts {
            max_age: 31_536_000,
            include_subdomains: false,
        },
    }
}

#[test]
fn the_gateway_behind_a_private_link_has_this_policy() {
    insta::assert_snapshot!(global(&gateway(Edge::PrivateLink)).write(Form::Raw));
}

#[test]
fn an_api_for_pre_made_b2c_accounts_has_this_policy() {
    insta::assert_snapshot!(api(&orders()).write(Form::Raw));
}

#[test]
fn an_api_for_external_id_with_statements_of_its_own_has_this_policy() {
    insta::assert_snapshot!(api(&notes()).write(Form::Raw));
}

#[test]
fn an_api_can_count_each_address_by_itself_before_the_token_is_read() {
    let limited = Api {
        address_limit: Some(limit(10, 60)),
        ..orders()
    };
    let text = api(&limited).write(Form::Raw);
    let counted = text.find("\"ip:orders:\"").unwrap();
    assert!(counted < text.find("<validate-jwt").unwrap(), "{text}");
}

#[test]
fn the_front_door_id_is_checked_before_anything_else_where_no_private_link_does() {
    let checked = global(&gateway(Edge::HeaderCheck {
        named_value: "secgw-fdid".to_owned(),
    }));
    let plain = global(&gateway(Edge::PrivateLink));
    let added = "<check-header name=\"X-Azure-FDID\" failed-check-httpcode=\"403\" failed-check-error-message=\"Forbidden\" \
                 ignore-case=\"true\">\n\t<value>{{secgw-fdid}}</value>\n</check-header>";
    let changes = diff(&plain, &checked);
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (changes[0].path.as_str(), changes[0].after.as_deref()),
        ("inbound/check-header", Some(added))
    );
    let first = checked
        .section(Section::Inbound)
        .and_then(|inbound| inbound.elements().next());
    assert_eq!(
        first.map(|element| element.name.as_str()),
        Some("check-header")
    );
}

#[test]
fn composed_documents_pass_the_lint_and_survive_reading_and_writing() {
    let edge = || Edge::HeaderCheck {
        named_value: "secgw-fdid".to_owned(),
    };
    for document in [global(&gateway(edge())), api(&orders()), api(&notes())] {
        assert_eq!(check(&document), []);
        let filled = document
            .fill(&|key| Some(format!("https://{key}.example/v2.0/")))
            .unwrap();
        for form in [Form::Raw, Form::Escaped] {
            assert_eq!(
                Document::read(&filled.write(form), form).as_ref(),
                Ok(&filled)
            );
        }
    }
}

#[test]
fn filled_parts_are_the_written_filled_document() {
    let fill = |key: &str| format!("{key}-1");
    let document = api(&orders());
    let joined: String = document
        .to_parts()
        .into_iter()
        .map(|part| match part {
            Part::Text(text) => text,
            Part::Hole(key) => fill(&key),
        })
        .collect();
    assert_eq!(
        joined,
        document
            .fill(&|key| Some(fill(key)))
            .unwrap()
            .write(Form::Raw)
    );
}

#[test]
fn a_users_statements_stand_behind_the_guards_and_replace_none() {
    let with = api(&notes());
    let without = api(&Api {
        extra: None,
        ..notes()
    });
    let changes = diff(&without, &with);
    assert!(
        changes.iter().all(|change| change.before.is_none()),
        "{changes:?}"
    );
    let last = with
        .section(Section::Inbound)
        .and_then(|inbound| inbound.elements().last());
    assert_eq!(
        last.map(|element| element.name.as_str()),
        Some("rewrite-uri")
    );
    let on_error: Vec<_> = with
        .section(Section::OnError)
        .unwrap()
        .elements()
        .map(|element| &element.name)
        .collect();
    assert_eq!(on_error, ["trace", "base"]);
}

/// The names of an API's guards, in the order they run.
#[test]
fn nothing_reaches_the_function_before_every_guard_has_run() {
    let document = api(&orders());
    let names: Vec<_> = document
        .section(Section::Inbound)
        .unwrap()
        .elements()
        .map(|element| &element.name)
        .collect();
    let before = |guard: &str, statement: &str| {
        let position = |name: &str| names.iter().position(|found| *found == name).unwrap();
        assert!(
            position(guard) < position(statement),
            "{guard} before {statement}: {names:?}"
        );
    };
    assert_eq!(names[..2], ["base", "cors"]);
    before("validate-jwt", "rate-limit-by-key");
    before("rate-limit-by-key", "set-header");
    before("set-header", "set-backend-service");
    before("set-backend-service", "authentication-managed-identity");
}

#[test]
fn the_statements_that_the_templates_add_are_accepted() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/policies");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let problems = Extra::read(&std::fs::read_to_string(&path).unwrap()).err();
        assert_eq!(problems, None, "{}", path.display());
    }
}
