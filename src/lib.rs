//! secgw provisions and proves a secure API gateway on Azure.
//!
//! ```text
//!  spec files ──load──► Spec ──compile──► Graph (desired) ─┐
//!    [IO]                                                  ├─ plan ─► Plan ─ review ─► Plan + objections ─ render ─► text, JSON
//!  Azure ───read_live──────────────────► Live ─────────────┘            │
//!    [IO]                                                               └─ apply [IO] ─► events ─► outcomes ─► read again ─► the plan must be empty
//! ```
//!
//! Reading, deciding and acting are apart. Deciding is pure: no clock, environment, randomness or network between
//! `Spec` + `Live` and `Plan`, and `BTreeMap`s, so that order is a property of the data. Acting decides nothing: all of
//! that stands in the changes. There is no state file: Azure is the state. `plan` and `apply` share one path up to the
//! first write.
//!
//! A folder is a module of one layer. It may use the layers below it and none above; `tests/it/architecture.rs` holds
//! every `use crate::` against this table:
//!
//! ```text
//!  L0 resource, text      ids, kinds, terms, the desired graph, live state; words for people
//!  L1 spec, policy        what the user wrote; gateway policy documents                  ─► L0
//!  L2 compile, diff       spec → graph; desired against live                             ─► L1, L0; not each other
//!     controls            the security rules, on what is desired or live                 ─► L1, L0
//!  L3 plan                joins them                                                     ─► diff, controls, L0
//!  L4 azure               ARM and Microsoft Graph: protocol, sign-in, reading            ─► L0
//!  L5 apply               runs a plan                                                    ─► plan, azure, diff, policy, L0
//!     verify              attacks a deployment from outside                             ─► azure (routes), L0
//!     sandbox             the embedded Azure, an independent witness                     ─► nothing
//!  L6 render              data → text, JSON                                              ─► types of L0–L5
//!  L7 cli                 arguments, settings, commands, exit codes                      ─► everything
//! ```
//!
//! # Where to start reading
//!
//! 1. [`resource`]: the vocabulary. One row of `resource/kinds` describes a type fully; the rest iterates rows.
//! 2. [`plan`]: what a change is, and how desired and live state become one.
//! 3. [`spec`] and [`mod@compile`]: from YAML to the graph, one family of resources a file.
//! 4. [`azure`] and [`mod@apply`]: the way out, and how a plan is run.
//! 5. [`sandbox`]: the other side, which shares nothing with the rest.
//! 6. [`cli`]: `commands/plan.rs` shows the whole path in forty lines.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | spec | the YAML the user wrote |
//! | environment | a named overlay of a spec |
//! | resource | one ARM resource or Graph object that is managed |
//! | kind | the table row for a resource type |
//! | graph, desired | the resources the spec asks for, with edges |
//! | live, observed | what Azure returned for an id just now |
//! | property change | path, before, after inside one resource |
//! | action | create, update, replace, delete, approve, await |
//! | change | one resource at one stage, with its action and reason |
//! | plan | the ordered, immutable set of changes |
//! | objection | why a plan may not be applied |
//! | outcome | how one change ended |
//! | operation | a long-running operation of Azure (only this) |
//! | policy | gateway policy XML (only this) |
//! | diagnostic | a message about the spec with position, line and remedy |
//! | sandbox | the Azure embedded in the binary |

pub mod apply;
pub mod azure;
pub mod cli;
pub mod compile;
pub mod controls;
pub mod diff;
pub mod plan;
pub mod policy;
pub mod render;
pub mod resource;
pub mod sandbox;
pub mod spec;
pub mod text;
pub mod verify;
