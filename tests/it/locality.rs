//! Law 6: an edit of one field of the spec changes the resources that this field means, and no other.

use std::collections::BTreeSet;

use secgw::plan::{Reason, Verb};
use secgw::spec::{SettingValue, Spec};

use crate::stand::{ENVIRONMENTS, Stand, described, graph, spec, troubles};

/// An edit, and the kinds of the resources it changes.
type Edit = (&'static str, fn(&mut Spec), &'static [&'static str]);

const EDITS: &[Edit] = &[
    (
        "rate limit",
        |spec| spec.apis[0].rate_limit.as_mut().unwrap().calls += 1,
        &["API policy"],
    ),
    (
        "allowed origin",
        |spec| drop(spec.apis[0].cors.as_mut().unwrap().origins.pop()),
        &["API policy"],
    ),
    (
        "scopes of an operation",
        |spec| {
            drop(
                spec.apis[0]
                    .operations
                    .iter_mut()
                    .find(|o| o.scopes.len() > 1)
                    .unwrap()
                    .scopes
                    .pop(),
            );
        },
        &["API policy"],
    ),
    (
        "name of an operation",
        |spec| spec.apis[0].operations[0].display_name.push('!'),
        &["operation"],
    ),
    (
        "name of an API",
        |spec| spec.apis[0].display_name.push('!'),
        &["API"],
    ),
    (
        "edge rate limit",
        |spec| spec.front_door.waf.rate_limit.requests += 1,
        &["WAF policy"],
    ),
    (
        "publisher",
        |spec| spec.gateway.publisher.name.push('!'),
        &["API Management service"],
    ),
    (
        "scope description",
        |spec| spec.identity.api.scopes[0].description.push('!'),
        &["application"],
    ),
    (
        "account",
        |spec| {
            spec.identity.accounts.as_mut().unwrap()[0]
                .display_name
                .push('!');
        },
        &["account"],
    ),
    (
        "setting",
        |spec| spec.functions[0].settings[0].value = SettingValue::Plain("USD".to_owned()),
        &["application settings"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_one_field_changes_what_it_means_and_nothing_else() {
    for environment in ENVIRONMENTS {
        let spec = spec(environment);
        let dir = tempfile::tempdir().unwrap();
        let stand = Stand::at(dir.path(), &spec).await;
        let (_, report, _) = stand.apply(&graph(&spec)).await;
        let troubles = troubles(&report);
        assert!(troubles.is_empty(), "{environment}\n{troubles}");
        for (what, edit, expected) in EDITS {
            let mut edited = spec.clone();
            edit(&mut edited);
            let (_, plan) = stand.plan(&graph(&edited)).await;
            let changed: Vec<_> = plan
                .changes
                .iter()
                .filter(|change| change.reason != Reason::Record)
                .collect();
            let nouns: BTreeSet<&str> = changed.iter().map(|change| change.kind.noun).collect();
            assert_eq!(
                nouns,
                expected.iter().copied().collect(),
                "{environment}, {what}\n{}",
                described(&plan)
            );
            assert_eq!(
                changed.len(),
                expected.len(),
                "{environment}, {what}\n{}",
                described(&plan)
            );
            assert!(
                changed
                    .iter()
                    .all(|change| change.action.verb() == Verb::Update),
                "{environment}, {what}"
            );
        }
        stand.sandbox.stop().await;
    }
}
