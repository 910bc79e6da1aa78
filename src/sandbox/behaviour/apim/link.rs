//! Links: an API or group in a product, a tag on an API. A link is its path; its body is shown from what it links to.

use serde_json::{Value, json};

use super::super::style::Reads;
use super::super::{Behaviour, Evidence, Presented, View, Write};
use super::{CHILD, missing};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::refusal::Refusal;

const EVIDENCE: Evidence = Evidence::Recorded("aso__Test_ApiManagement_20240501_CRUD");
const TAGS: Evidence = Evidence::Documented(
    "learn.microsoft.com/rest/api/apimanagement/tag/assign-to-api",
    "2024-05-01",
);

const LINK: Behaviour = Behaviour {
    shape: "{ -properties: any }",
    reads: Reads::HeadOnly,
    patch: None,
    not_found: Some(|_| missing("Link")),
    prepare: to_something,
    present,
    evidence: EVIDENCE,
    ..CHILD
};

pub(super) const PRODUCT_API: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/products/apis",
    ..LINK
};

pub(super) const PRODUCT_GROUP: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/products/groups",
    ..LINK
};

const TAG: Behaviour = Behaviour {
    reads: Reads::All,
    not_found: Some(|_| missing("Tag")),
    evidence: TAGS,
    ..LINK
};

pub(super) const ROWS: &[Behaviour] = &[
    PRODUCT_API,
    PRODUCT_GROUP,
    Behaviour {
        arm_type: "Microsoft.ApiManagement/service/apis/tags",
        ..TAG
    },
    Behaviour {
        arm_type: "Microsoft.ApiManagement/service/apis/operations/tags",
        ..TAG
    },
    Behaviour {
        arm_type: "Microsoft.ApiManagement/service/products/tags",
        ..TAG
    },
];

/// `…/service/s/products/p/apis/a` links to `…/service/s/apis/a`.
fn linked(id: &ArmId) -> Option<ArmId> {
    let (kind, name) = id.pairs.last()?;
    Some(id.top().child(kind, name))
}

fn to_something(write: &mut Write) -> Result<(), Refusal> {
    let target = linked(write.id).filter(|target| write.store.get(&target.key()).is_some());
    match (target, write.id.pairs.last()) {
        (Some(_), _) => Ok(()),
        (None, Some((kind, _))) if kind == "apis" => Err(missing("Api")),
        (None, Some((kind, _))) if kind == "groups" => Err(missing("Group")),
        (None, _) => Err(missing("Tag")),
    }
}

/// Of an API in a product, the answer to the PUT leaves more out than the list does (recorded).
fn present(body: &mut Value, presented: &Presented) {
    let target = ArmId::parse(&presented.object.id)
        .and_then(|id| linked(&id))
        .and_then(|target| presented.store.get(&target.key()));
    let Some(target) = target else {
        return;
    };
    let mut properties = target.body["properties"].clone();
    if target.kind.ends_with("/apis") {
        properties["authenticationSettings"] = Value::Null;
        properties["subscriptionKeyParameterNames"] = Value::Null;
        if presented.view == View::Written {
            properties["protocols"] = Value::Null;
        }
    }
    if let Some(object) = body.as_object_mut() {
        object.insert("properties".into(), properties);
    } else {
        *body = json!({ "properties": properties });
    }
}
