//! Microsoft.ApiManagement: what a service offers to whom. APIs with their operations and policies, products, keys.

use super::gateway::{CHILD, CLI, CRUD, POLICY_RULES, SCHEMA};
use super::rule;
use crate::resource::kind::{Evidence, How, Kind, Mark, Read, Unique, Write};

const API: &str = "Microsoft.ApiManagement/service/apis";

/// Parallel writes beneath one API answer 409 `PessimisticConcurrencyConflict` (domain.md I, 3).
const API_CHILD: Kind = Kind {
    lane: Some(API),
    ..CHILD
};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        type_name: API,
        noun: "API",
        lane: Some(API),
        mark: Mark::ApimTag,
        unique: Some(Unique {
            paths: &["/properties/path", "/properties/apiVersion"],
            evidence: Evidence::Inferred(
                "a path leads to one API; a second one is refused with 400",
            ),
        }),
        rules: &[
            rule(
                &["/properties/protocols"],
                How::Set(""),
                Evidence::Recorded(CRUD),
            ),
            rule(
                &["/properties/isOnline"],
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            // Returned, and unknown to those who send it.
            rule(
                &["/properties/isAgent"],
                How::ReadOnly,
                Evidence::Recorded("aso__Test_ApiManagement_20240501_CRUD"),
            ),
            rule(
                &["/properties/effectivePath"],
                How::ReadOnly,
                Evidence::Recorded("quirks.md part 1, 1"),
            ),
            rule(
                &["/properties/path"],
                How::LeadingSlash,
                Evidence::Recorded(CRUD),
            ),
            // Only `;rev=N` in the URL makes a revision.
            rule(
                &["/properties/apiRevision"],
                How::NotEffective,
                Evidence::Recorded(CRUD),
            ),
            rule(
                &["/properties/type"],
                How::Default("\"http\""),
                Evidence::Recorded(CRUD),
            ),
            rule(
                &["/properties/apiVersionSetId"],
                How::ShortId(""),
                Evidence::Recorded("quirks.md: APIM apis"),
            ),
            rule(
                &[
                    "/properties/sourceApiId",
                    "/properties/format",
                    "/properties/value",
                ],
                How::WriteOnly,
                Evidence::Recorded(CLI),
            ),
            // The document that is imported names the API itself.
            rule(
                &[
                    "/properties/displayName",
                    "/properties/description",
                    "/properties/serviceUrl",
                    "/properties/protocols/**",
                    "/properties/apiVersion",
                    "/properties/license/**",
                    "/properties/contact/**",
                    "/properties/termsOfServiceUrl",
                ],
                How::YieldsTo("/properties/value"),
                Evidence::Recorded("clifork_apim__test_apim_api"),
            ),
            rule(
                &[
                    "/properties/apiType",
                    "/properties/wsdlSelector/**",
                    "/properties/translateRequiredQueryParameters",
                ],
                How::WriteOnly,
                SCHEMA,
            ),
            rule(
                &["/properties/apiVersionSet/**"],
                How::WriteOnly,
                Evidence::Recorded("quirks.md part 1, 1"),
            ),
            rule(
                &[
                    "/properties/type",
                    "/properties/protocols/*",
                    "/properties/apiVersionSet/versioningScheme",
                    "/properties/**/bearerTokenSendingMethods/*",
                ],
                How::CaseInsensitive,
                SCHEMA,
            ),
        ],
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/apis/policies",
        noun: "API policy",
        read: Read::Get("format=rawxml"),
        rules: POLICY_RULES,
        ..API_CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/apis/operations",
        noun: "operation",
        mark: Mark::Parent,
        unique: Some(Unique {
            paths: &["/properties/method", "/properties/urlTemplate"],
            evidence: Evidence::Inferred(
                "a call matches one operation; a second one is refused with 400",
            ),
        }),
        rules: &[
            rule(
                &["/properties/templateParameters"],
                How::Set("/name"),
                Evidence::Inferred("parameters are bound by name"),
            ),
            rule(
                &["/properties/policies"],
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
        ],
        ..API_CHILD
    },
    Kind {
        // Operations of our APIs carry no policy of their own: scopes stand in the API's document, so one that
        // somebody adds here is weaker by definition.
        type_name: "Microsoft.ApiManagement/service/apis/operations/policies",
        noun: "operation policy",
        read: Read::Get("format=rawxml"),
        mark: Mark::Parent,
        rules: POLICY_RULES,
        ..API_CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/apis/tags",
        noun: "API tag",
        write: Write::Link,
        ..API_CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/products",
        noun: "product",
        mark: Mark::Unmarked,
        rules: &[
            // The link to a group is a resource of its own.
            rule(
                &["/properties/groups"],
                How::ReadOnly,
                Evidence::Recorded("quirks.md part 1, 1"),
            ),
            rule(&["/properties/state"], How::CaseInsensitive, SCHEMA),
        ],
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/subscriptions",
        noun: "subscription",
        mark: Mark::Scope,
        rules: &[
            rule(
                &["/properties/scope", "/properties/ownerId"],
                How::ShortId(""),
                Evidence::Recorded(CRUD),
            ),
            rule(
                &["/properties/primaryKey", "/properties/secondaryKey"],
                How::WriteOnly,
                Evidence::Recorded("quirks.md part 1, 1"),
            ),
            rule(&["/properties/state"], How::CaseInsensitive, SCHEMA),
            rule(
                &[
                    "/properties/createdDate",
                    "/properties/startDate",
                    "/properties/expirationDate",
                    "/properties/endDate",
                    "/properties/notificationDate",
                    "/properties/stateComment",
                ],
                How::ReadOnly,
                SCHEMA,
            ),
        ],
        ..CHILD
    },
];
