//! What the columns of a kind's row mean, in words for people.

use crate::resource::kind::{Deletion, Effect, Invalidation};
use crate::resource::{Etag, How, Kind, Mark, Read, ResourceId, Stage, Wanted, Write, owner};

pub(super) fn wanted(wanted: &Wanted) -> &'static str {
    match wanted {
        Wanted::Body(_) => "it is there, with at least what the spec says",
        Wanted::Given(_) => "somebody else's: read and waited for, never written",
        Wanted::Absent => "it is not there",
        Wanted::Cleared { .. } => {
            "purged before a new resource takes its name, and left alone otherwise"
        }
    }
}

pub(super) fn read(read: Read) -> String {
    match read {
        Read::Get("") => "GET".to_owned(),
        Read::Get(query) => format!("GET with {query}"),
        Read::PostList => "POST …/list, because GET does not tell everything".to_owned(),
        Read::Match(pointer) => format!("found in its collection by {pointer}: Azure names it"),
        Read::Find(query) => format!("found by its logical key: {query}"),
        Read::Fact => "GET of its own address, without a token".to_owned(),
        Read::Head => "HEAD: only whether it is there".to_owned(),
    }
}

pub(super) fn write(kind: &Kind) -> String {
    let write = match kind.write {
        Write::Put => {
            "PUT creates and changes it; live values that the spec does not name are kept"
        }
        Write::Link => "PUT without a body: a link that is there or not",
        Write::PutThenPatch => "PUT creates it, PATCH changes it",
        Write::Patch => "it comes with its parent; PATCH changes it",
        Write::PostThenPatch => "POST to its collection creates it, PATCH changes it",
        Write::Approve => "Azure makes it along with something else; PUT approves it",
        Write::Never => "never",
    };
    let etag = match kind.etag {
        Etag::Enforced => "; refused by Azure if it was changed since it was read (If-Match)",
        Etag::EnforcedWithStarOnDelete => {
            "; refused by Azure if it was changed since it was read (If-Match; * on delete)"
        }
        Etag::None if kind.write == Write::Never => "",
        Etag::None => "; read again right before, since Azure checks no entity tag",
    };
    format!("{write}{etag}")
}

pub(super) fn queue(kind: &Kind, id: &ResourceId) -> String {
    kind.lane_of(id).map_or_else(String::new, |lane| {
        format!("writes go one at a time beneath {}", lane.short())
    })
}

pub(super) fn mark(mark: Mark, spec: &str) -> String {
    match mark {
        Mark::ArmTag => format!("tag `{}: {spec}`", owner::TAG),
        Mark::Founder => format!(
            "tag `{}: {spec}`, if this spec made it; somebody else's is used and stays theirs",
            owner::TAG
        ),
        Mark::ApimTag => format!("linked API Management tag `{}`", owner::link(spec)),
        Mark::GraphTag => format!("`{}…` among its tags", owner::graph_prefix(spec)),
        Mark::NamePrefix => format!("its name starts with `{}`", owner::prefix(spec)),
        Mark::Scope => "it belongs to what its /properties/scope names".to_owned(),
        Mark::Unmarked => "nothing says whose it is".to_owned(),
        Mark::Parent => "not itself: all of its collection belongs to the owned parent".to_owned(),
        Mark::Fixed => "not itself: never deleted because a spec does not name it".to_owned(),
    }
}

pub(super) fn deletion(deletion: Deletion) -> &'static str {
    match deletion {
        Deletion::Delete => "DELETE",
        Deletion::SoftDelete => {
            "DELETE, which leaves it recoverable and its name taken for a while"
        }
        Deletion::WhenEmpty => "DELETE, only when nothing is inside of it",
        Deletion::BeforeParent => "DELETE, before its parent",
        Deletion::WithParent => "goes with its parent",
    }
}

pub(super) fn stage(stage: &Stage) -> String {
    let Stage {
        name,
        path,
        before,
        until,
        evidence,
    } = stage;
    let before = match *before {
        "null" => "nothing is sent".to_owned(),
        before => format!("{before} is sent"),
    };
    format!("#{name}: {path} waits until every {until} is as desired; {before} before. {evidence}")
}

pub(super) fn effect(effect: &Effect) -> String {
    let Effect {
        paths,
        replacing,
        only,
        says,
        evidence,
    } = effect;
    let replacing = if *replacing {
        ", as replacing it does"
    } else {
        ""
    };
    let only = only.map_or_else(String::new, |(pointer, values)| {
        format!(" while {pointer} is {}", values.join(" or "))
    });
    format!(
        "{says}: a change of {}{replacing}{only}. {evidence}",
        paths.join(", ")
    )
}

pub(super) fn invalidation(invalidation: &Invalidation) -> String {
    let Invalidation { paths, values } = invalidation;
    format!(
        "a change of {} makes {} unknown until it is applied",
        paths.join(", "),
        values.join(", ")
    )
}

pub(super) fn how(how: How) -> String {
    let text = match how {
        How::ReadOnly => "the service's own: never sent, never compared",
        How::WriteOnly => "compared where Azure returns it, sent with other changes",
        How::CreateOnly => "sent when it is created, never compared after",
        How::Form => "spelling of the policy document: any form equals any other",
        How::NotEffective => "kept otherwise by Azure: a difference is a note",
        How::Dropped => "not taken where Azure returns nothing: a note",
        How::Immutable => "a change means a new resource",
        How::CaseInsensitive => "text in any case",
        How::Location => "a region, as a word or as a name",
        How::Id => "a resource id, in any case",
        How::LeadingSlash => "with or without a leading slash",
        How::Cidr => "an address or the range of it alone",
        How::Duration => "durations of equal length",
        How::AsText => "numbers and truth values held as text",
        How::Words => "words without order",
        How::FreeMap => "a map of which only the desired keys count",
        How::WholeMap => "a map that is owned whole: any other key is a difference",
        How::Sensitive => "masked wherever it is shown",
        How::SensitiveIf(_) => "masked wherever it is shown, where it is marked as a secret",
        How::SentWhole => "sent whole, because Azure resets the members that are left out",
        How::YieldsTo(other) => return format!("{other} decides where it is sent too: a note"),
        How::Overruled(sent, held) => return format!("sent as {sent}, held as {held}: a note"),
        How::Alias(held, sent) => return format!("{held} is Azure's way of saying {sent}"),
        How::StandIn(head) => {
            return format!("a live text that begins with {head} stands for a secret");
        }
        How::ShortId(path) => return short_id(path),
        How::Set(key) => return set(key),
        How::Default(value) => return format!("{value} equals nothing at all"),
        How::Synthetic(item) => {
            return format!("items like {item} come and go by Azure's own rule");
        }
        How::Policy(form) => {
            return format!("a policy document, compared by elements; {form} says its form");
        }
        How::Families(families) => return self::families(families),
    };
    text.to_owned()
}

fn short_id(path: &str) -> String {
    match path {
        "" => "a resource id, perhaps without its beginning".to_owned(),
        path => format!("a resource id, perhaps only what follows {path}"),
    }
}

fn set(key: &str) -> String {
    match key {
        "" => "a list without order".to_owned(),
        key => format!("a list without order, items known by {key}"),
    }
}

fn families(families: &[&[&str]]) -> String {
    let families: Vec<_> = families.iter().map(|family| family.join("/")).collect();
    format!("a new resource between {}", families.join(" and "))
}
