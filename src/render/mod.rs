//! Data to text, JSON, Markdown, SARIF, `JUnit` and the commands of pipelines: what people and programs are shown of plans, applies and specs.
//!
//! Pure: no terminal, no clock. Text carries ANSI styles, which `cli/output` takes out where they are not wanted, and
//! never means anything by colour alone. Whatever comes from Azure or a spec passes `safe` on its way.

pub mod cases;
pub mod change;
pub mod check;
pub mod check_data;
pub mod doctor;
pub mod drift;
pub mod explain;
pub mod graph;
pub mod jsonl;
pub mod junit;
pub mod label;
pub mod markdown;
pub mod notice;
mod others;
pub mod overview;
pub mod permissions;
pub mod pipeline;
pub mod plan;
pub mod plan_json;
mod posture;
pub mod progress;
pub mod property;
pub mod report;
pub mod resources;
pub mod safe;
pub mod sarif;
pub mod section;
pub mod several;
pub mod stale;
pub mod style;
pub mod target;
pub mod told;
pub mod unplanned;
pub mod value;
pub mod verified;
pub mod verify;

pub use target::{Place, Target};
