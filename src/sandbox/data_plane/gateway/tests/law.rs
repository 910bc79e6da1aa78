//! What is outside the subset never lets a call through.

use proptest::prelude::*;

use super::*;

#[test]
fn an_unknown_statement_is_refused_even_where_an_earlier_one_would_have_answered() {
    let mut stand = Stand::new();
    let early = "<return-response><set-status code=\"401\" /></return-response>";
    stand.inbound(early);
    assert_eq!(stand.status(&[]), 401);
    for late in [
        "<send-request response-variable-name=\"r\" />",
        "<set-variable name=\"x\" value=\"@(Regex.Match(1))\" />",
        "<choose><when condition=\"@(false)\"><cache-lookup-value key=\"k\" variable-name=\"v\" /></when></choose>",
        "<validate-jwt header-name=\"Authorization\" some-new-attribute=\"x\" />",
    ] {
        stand.inbound(&format!("{early}{late}"));
        assert!(is_refused(&stand.get("/orders/items", &[])), "{late}");
    }
    stand.inbound(early);
    stand.global("", "<xml-to-json kind=\"direct\" apply=\"always\" />", "");
    assert!(is_refused(&stand.get("/orders/items", &[])));
}

/// Statements of API Management that the interpreter does not know, and ones nobody knows.
fn outside() -> impl Strategy<Value = String> {
    let statement = prop_oneof![
        Just("<send-request mode=\"new\" response-variable-name=\"r\"><set-url>https://x</set-url></send-request>".to_owned()),
        Just("<cache-lookup vary-by-developer=\"false\" vary-by-developer-groups=\"false\" />".to_owned()),
        Just("<validate-parameters specified-parameter-action=\"ignore\" unspecified-parameter-action=\"ignore\" />".to_owned()),
        Just("<set-body template=\"liquid\">{{body}}</set-body>".to_owned()),
        Just("<wait for=\"all\"></wait>".to_owned()),
        Just("<jsonp callback-parameter-name=\"cb\" />".to_owned()),
        "[a-z]{3,8}-[a-z]{3,8}".prop_map(|name| format!("<{name} />")),
    ];
    let expression = prop_oneof![
        "context\\.[A-Z][a-z]{2,6}Zz",
        "[a-z]{4,8}\\([0-9]\\)",
        "\"[a-z]{0,4}\"\\.[A-Z][a-z]{3,7}Zz\\(\\)",
        "context\\.Request\\.Headers\\.[A-Z][a-z]{2,6}Zz",
        "[A-Z][a-z]{3,6}Zz\\.Call\\(1\\)",
        "1 (<<|\\^|\\|) 2 == 0",
        "\"a\" == [0-9]{1,3}",
        "[0-9] == 1 && \"a\"",
        "!\"a\" \\|\\| [0-9]",
        "\"[a-z]\" < [0-9]",
        "context\\.Variables\\[\"none\"\\] (\\+|&&) \\)",
    ];
    let place = prop_oneof![
        Just(("<set-variable name=\"x\" value=\"", "\" />")),
        Just((
            "<choose><when condition=\"",
            "\"><set-variable name=\"y\" value=\"z\" /></when></choose>"
        )),
        Just((
            "<set-header name=\"X\" exists-action=\"override\"><value>",
            "</value></set-header>"
        )),
        Just((
            "<check-header name=\"",
            "\" failed-check-httpcode=\"403\" failed-check-error-message=\"n\"><value>x</value></check-header>"
        )),
        Just((
            "<rate-limit-by-key calls=\"9\" renewal-period=\"9\" counter-key=\"",
            "\" />"
        )),
    ];
    let expression = (expression, place)
        .prop_filter("readable as a document", |(text, _)| balanced(text))
        .prop_map(|(text, (before, after))| format!("{before}@({text}){after}"));
    prop_oneof![statement, expression]
}

fn balanced(text: &str) -> bool {
    text.matches('(').count() == text.matches(')').count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_outside_the_subset_never_lets_a_call_through(
        outside in outside(), before in any::<bool>(), section in 0..3_usize, nested in any::<bool>(),
    ) {
        let mut stand = Stand::new();
        stand.inbound("");
        prop_assert!(reaches(&stand.get("/orders/items", &[])));
        let wrapped = if nested { format!("<choose><when condition=\"@(true)\">{outside}</when></choose>") } else { outside };
        let known = "<set-variable name=\"ok\" value=\"@(1 + 1)\" />";
        let statements = if before { format!("{wrapped}{known}") } else { format!("{known}{wrapped}") };
        let name = ["inbound", "outbound", "on-error"][section];
        stand.policy("/apis/orders", &OPEN.replace(&format!("<{name}>"), &format!("<{name}>{statements}")));
        let reply = stand.get("/orders/items", &[]);
        prop_assert!(is_refused(&reply), "{} {}", statements, body(&reply));
    }
}
