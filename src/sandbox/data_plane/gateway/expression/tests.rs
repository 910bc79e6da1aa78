//! Tables of expressions: what they are, what they throw, and what is refused.

use std::collections::BTreeMap;
use std::rc::Rc;

use time::macros::datetime;
use uuid::Uuid;

use super::super::context::{Address, Context, Headers, LastError, Request, Response};
use super::value::{Jwt, Lists};
use super::*;

fn headers(pairs: &[(&str, &str)]) -> Headers {
    let pairs = pairs.iter();
    Headers(
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    )
}

fn jwt() -> Jwt {
    let claim = |name: &str, values: &[&str]| {
        let values = values.iter().map(ToString::to_string).collect();
        (name.to_owned(), values)
    };
    Jwt {
        algorithm: "RS256".to_owned(),
        token_type: "JWT".to_owned(),
        claims: Lists {
            entries: vec![
                claim("sub", &["ada"]),
                claim("iss", &["https://issuer/"]),
                claim("scp", &["orders.read orders.write"]),
                claim("roles", &["reader", "writer"]),
            ],
            ignores_case: false,
        },
        audiences: vec!["api".to_owned()],
        expires: Some(datetime!(2026-11-24 12:00 UTC)),
        not_before: None,
    }
}

fn context() -> Context {
    let address = Address {
        scheme: "https",
        host: "gw.example".to_owned(),
        path: "/orders/7".to_owned(),
        query: vec![("page".to_owned(), "2".to_owned())],
    };
    Context {
        request: Request {
            method: "POST".to_owned(),
            original: address.clone(),
            address,
            headers: headers(&[
                ("Content-Length", "12"),
                ("X-Several", "a"),
                ("x-several", "b"),
            ]),
            body: br#"{"name":"pen","count":3,"tags":["x","y"]}"#.to_vec(),
            peer: [203, 0, 113, 9].into(),
            matched: BTreeMap::from([("id".to_owned(), "7".to_owned())]),
            private_endpoint: None,
        },
        response: Some(Response {
            status: 503,
            reason: "Busy".to_owned(),
            headers: headers(&[("Retry-After", "5")]),
            body: Vec::new(),
        }),
        variables: BTreeMap::from([
            ("jwt".to_owned(), Value::Jwt(Rc::new(jwt()))),
            ("scopes".to_owned(), "orders.read".into()),
            ("count".to_owned(), Value::Int(3)),
        ]),
        api: vec![("Id", "orders".into())],
        operation: Some(vec![("Id", "listOrders".into())]),
        product: None,
        subscription: None,
        deployment: vec![("Region", "West Europe".into())],
        request_id: Uuid::nil(),
        now: datetime!(2026-11-24 11:00 UTC),
        last_error: Some(LastError {
            source: "validate-jwt".to_owned(),
            ..LastError::default()
        }),
    }
}

fn evaluated(expression: &str) -> Result<Value, Fault> {
    let read = Expression::parse(expression).map_err(Fault::Unknown)?;
    read.evaluate(&context())
}

fn shown(expression: &str) -> String {
    match evaluated(expression) {
        Ok(Value::Null) => "null".to_owned(),
        Ok(value) => value.to_text().unwrap_or_else(|fault| format!("{fault:?}")),
        Err(fault) => format!("{fault:?}"),
    }
}

/// Expressions and their texts; `null` and faults by name.
const OPERATORS: &[(&str, &str)] = &[
    ("1 + 2 * 3 - 4 / 3", "6"),
    ("7 % 4", "3"),
    ("\"a\" + 1 + true", "a1True"),
    ("1 + 1 + \"a\"", "2a"),
    ("(1 < 2) && !(2 >= 3) || false", "True"),
    ("1 == 1L", "True"),
    ("true ? \"a\" : \"b\"", "a"),
    ("false ? 1 : true ? 2 : 3", "2"),
    ("null ?? \"d\"", "d"),
    ("@\"a\\b\"\"c\"", "a\\b\"c"),
    ("\"\\u0041\\n\".Trim()", "A"),
    (
        "$\"{1 + 1} of {context.Operation.Id} {{x}}\"",
        "2 of listOrders {x}",
    ),
    ("2147483647 + 1", "-2147483648"),
    ("2147483648 + 1", "2147483649"),
    ("-5 / 2", "-2"),
    ("1.5 * 2", "3"),
    ("'a' == \"abc\"[0]", "True"),
];

const REQUESTS: &[(&str, &str)] = &[
    ("context.Request.Method", "POST"),
    ("context.Request.Url.Path", "/orders/7"),
    (
        "context.Request.Url.ToString()",
        "https://gw.example/orders/7?page=2",
    ),
    (
        "context.Request.Url.Query.GetValueOrDefault(\"page\", \"1\")",
        "2",
    ),
    ("context.Request.OriginalUrl.Host", "gw.example"),
    ("context.Request.IpAddress", "203.0.113.9"),
    ("context.Request.MatchedParameters[\"id\"]", "7"),
    (
        "context.Request.Headers.GetValueOrDefault(\"content-length\", \"0\")",
        "12",
    ),
    (
        "context.Request.Headers.GetValueOrDefault(\"absent\", \"0\")",
        "0",
    ),
    (
        "context.Request.Headers.GetValueOrDefault(\"X-Several\")",
        "a,b",
    ),
    ("context.Request.Headers[\"X-Several\"].Last()", "b"),
    (
        "context.Request.Headers.ContainsKey(\"Transfer-Encoding\")",
        "False",
    ),
    (
        "long.Parse(context.Request.Headers.GetValueOrDefault(\"Content-Length\", \"0\")) > 1048576",
        "False",
    ),
    (
        "context.Request.Body.As<JObject>(preserveContent: true)[\"name\"]",
        "pen",
    ),
    (
        "(int)context.Request.Body.As<JObject>(true)[\"count\"] + 1",
        "4",
    ),
    (
        "((string)context.Request.Body.As<JObject>()[\"name\"]).ToUpper()",
        "PEN",
    ),
    (
        "context.Request.Body.As<JObject>()[\"none\"] == null",
        "True",
    ),
    ("context.Request.Body.As<JObject>()[\"tags\"].Count()", "2"),
    ("context.Request.Certificate == null", "True"),
];

const REST: &[(&str, &str)] = &[
    (
        "context.Response == null || context.Response.StatusCode >= 500",
        "True",
    ),
    (
        "context.Response.Headers.GetValueOrDefault(\"Retry-After\",\"\")",
        "5",
    ),
    ("context.Operation.Id == \"listOrders\"", "True"),
    (
        "context.Api.Id + context.Deployment.Region",
        "ordersWest Europe",
    ),
    ("context.LastError.Source", "validate-jwt"),
    (
        "context.User == null && context.Subscription == null",
        "True",
    ),
    ("context.User?.Id ?? \"nobody\"", "nobody"),
    (
        "context.RequestId.ToString()",
        "00000000-0000-0000-0000-000000000000",
    ),
    (
        "context.RequestId.ToString(\"N\")",
        "00000000000000000000000000000000",
    ),
    ("context.Variables.ContainsKey(\"jwt\")", "True"),
    (
        "context.Variables.GetValueOrDefault<string>(\"none\", \"d\")",
        "d",
    ),
    ("(int)context.Variables[\"count\"] * 2", "6"),
    (
        "context.Variables[\"none2\"]",
        "Thrown(\"The given key was not present in the dictionary.\")",
    ),
];

const TOKENS: &[(&str, &str)] = &[
    ("((Jwt)context.Variables[\"jwt\"]).Subject", "ada"),
    (
        "((Jwt)context.Variables[\"jwt\"]).Claims.GetValueOrDefault(\"scp\", \"\")",
        "orders.read orders.write",
    ),
    (
        "((Jwt)context.Variables[\"jwt\"]).Claims[\"roles\"].Contains(\"writer\")",
        "True",
    ),
    (
        "((Jwt)context.Variables[\"jwt\"]).Claims.GetValueOrDefault(\"roles\", \"\")",
        "reader,writer",
    ),
    ("((Jwt)context.Variables[\"jwt\"]).Audiences.First()", "api"),
    (
        "((Jwt)context.Variables[\"jwt\"]).ExpirationTime > DateTime.UtcNow.AddMinutes(59)",
        "True",
    ),
    (
        "((Jwt)context.Variables[\"jwt\"]).NotBefore == null",
        "True",
    ),
    ("\"abc\".AsJwt() == null", "True"),
    (
        "!((string)context.Variables[\"scopes\"]).Split(' ').All(scope => ((Jwt)context.Variables[\"jwt\"]).Claims.GetValueOrDefault(\"scp\", \"\").Split(' ').Contains(scope))",
        "False",
    ),
    (
        "!new string[] { \"ada\", \"grace\" }.Contains(((Jwt)context.Variables[\"jwt\"]).Subject)",
        "False",
    ),
];

const TEXTS: &[(&str, &str)] = &[
    ("\"a,b,,c\".Split(',').Length", "4"),
    (
        "string.Join(\"-\", \"a b\".Split(' ').Select(x => x.ToUpper()))",
        "A-B",
    ),
    ("new [] { 1, 2, 3 }.Where(n => n > 1).Count()", "2"),
    (
        "new [] { \"a\" }.FirstOrDefault(x => x == \"b\") ?? \"none\"",
        "none",
    ),
    ("new [] { 1, 2 }.Any((n) => n == 2)", "True"),
    (
        "\"Hello\".Substring(1, 3) + \"Hello\".IndexOf(\"l\")",
        "ell2",
    ),
    (
        "\"Hello\".StartsWith(\"he\", StringComparison.OrdinalIgnoreCase)",
        "True",
    ),
    ("\"/a/\".TrimEnd('/') + \"x\".PadLeft(3, '0')", "/a00x"),
    (
        "string.IsNullOrEmpty(null) && string.IsNullOrWhiteSpace(\" \")",
        "True",
    ),
    ("string.Format(\"{0}-{1}\", \"a\", 2)", "a-2"),
    ("Convert.ToInt32(\"12\") + int.Parse(\" 3 \")", "15"),
    (
        "new JObject(new JProperty(\"a\", 1)).ToString().Contains(\"\\\"a\\\": 1\")",
        "True",
    ),
    ("Uri.EscapeDataString(\"a b/c\")", "a%20b%2Fc"),
    ("Math.Max(1, 2)", "2"),
    (
        "(context.Timestamp - DateTime.UtcNow).TotalSeconds == 0.0",
        "True",
    ),
];

#[test]
fn expressions_have_the_values_they_have_in_csharp() {
    for (expression, expected) in [OPERATORS, REQUESTS, REST, TOKENS, TEXTS].concat() {
        assert_eq!(shown(&format!("@({expression})")), expected, "{expression}");
    }
}

#[test]
fn blocks_declare_branch_loop_and_return() {
    let cases = [
        ("var x = 1; x += 2; return x;", "3"),
        (
            "string s = \"\"; foreach (var c in \"a b\".Split(' ')) { s += c; } return s;",
            "ab",
        ),
        (
            "if (context.Request.Method == \"GET\") { return \"read\"; } else if (1 > 2) return \"no\"; else { return \"write\"; }",
            "write",
        ),
        (
            "foreach (string c in new [] { \"a\", \"b\" }) { if (c == \"b\") { return c; } } return \"none\";",
            "b",
        ),
        ("throw new Exception(\"no\");", "Thrown(\"no\")"),
        ("// nothing\nreturn /* here */ 1;", "1"),
    ];
    for (block, expected) in cases {
        assert_eq!(shown(&format!("@{{ {block} }}")), expected, "{block}");
    }
}

#[test]
fn what_throws_in_csharp_throws_here() {
    for expression in [
        "long.Parse(\"twelve\")",
        "int.Parse(\"99999999999\")",
        "context.Request.Headers[\"absent\"]",
        "context.User.Id",
        "(Jwt)context.Variables[\"scopes\"]",
        "(long)context.Variables[\"count\"]",
        "\"abc\".Substring(4)",
        "new [] { 1 }[3]",
        "1 / (1 - 1)",
        "context.Request.Body.As<JArray>()",
        "new [] { \"a\" }.First(x => x == \"b\")",
        "context.Request.Headers.GetValueOrDefault(\"absent\").Length",
    ] {
        let found = evaluated(&format!("@({expression})"));
        assert!(
            matches!(found, Err(Fault::Thrown(_))),
            "{expression}: {found:?}"
        );
    }
}

#[test]
fn what_is_outside_the_subset_is_refused_and_never_a_value() {
    for expression in [
        "Regex.IsMatch(\"a\", \"b\")",
        "context.Request.Foo",
        "context.Request.Headers.Keys",
        "System.String.Empty",
        "context.Variables[\"scopes\"] == \"orders.read\"",
        "context.Variables[\"scopes\"].Contains(\"orders\")",
        "\"a\".Foo()",
        "unknown",
        "1 +",
        "(1",
        "1 << 2",
        "x => x",
        "\"a\" == 1",
        "1 ? 2 : 3",
        "typeof(string)",
        "new Random()",
        "context.Request.Body.As<byte[]>()",
        "$\"{1:D3}\"",
        "(int?)1",
        "\"a\" is null",
        "context.Request.Body.AsFormUrlEncodedContent()",
        "new [] { \"a\" }.OrderBy(x => x)",
        "DateTime.Parse(\"2026\")",
        "true; false",
        "",
    ] {
        let found = evaluated(&format!("@({expression})"));
        assert!(
            matches!(found, Err(Fault::Unknown(_))),
            "{expression}: {found:?}"
        );
    }
    for block in [
        "var x = 1;",
        "while (true) { }",
        "return 1",
        "x = 1; return x;",
        "using (a) { }",
    ] {
        let found = evaluated(&format!("@{{ {block} }}"));
        assert!(
            matches!(found, Err(Fault::Unknown(_))),
            "{block}: {found:?}"
        );
    }
}

#[test]
fn neither_depth_nor_length_can_hold_the_sandbox_up() {
    let deep = format!("@({}1{})", "(".repeat(20_000), ")".repeat(20_000));
    assert!(Expression::parse(&deep).is_err());
    let long = format!("@({}1)", "!".repeat(20_000));
    assert!(Expression::parse(&long).is_err());
    let chained = format!("@(\"\"{})", ".Trim()".repeat(20_000));
    assert!(Expression::parse(&chained).is_err());
    let sums = format!("@(1{})", " + 1".repeat(30));
    assert_eq!(shown(&sums), "31");
    let each = "foreach (var a in s) { foreach (var b in s) { foreach (var c in s) { n += 1; } } }";
    let many = format!(
        "@{{ var n = 0; var s = \"{}\".Split(' '); {each} return n; }}",
        "x ".repeat(200)
    );
    assert!(matches!(evaluated(&many), Err(Fault::Unknown(_))));
}
