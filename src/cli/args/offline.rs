//! Commands that need no Azure: what a spec means.

use clap::Args;

use super::scope::{SpecArgs, StandInArgs};
use super::view::FormatArgs;

/// Checks a spec offline: every problem at once, with its line and a remedy
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw validate -e prod              check environments/prod.yaml and all it extends
  secgw validate -e prod --sandbox    the same where its variables are not set
  secgw validate -e prod -o json      problems as data, for editors and pipelines

Exit codes: 0 valid, 3 not.")]
pub struct ValidateArgs {
    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub stand_in: StandInArgs,
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Shows what a spec comes to: values in effect, Azure resources, gateway policies
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw render -e prod                every value in effect, and the line it comes from
  secgw render -e prod --arm          the compiled resources, as JSON
  secgw render -e prod --policy orders
                                      the policy document of the API `orders`, as XML")]
pub struct RenderArgs {
    /// Show the compiled resources as JSON; values that Azure makes are `$ref`s to their source
    #[arg(long, conflicts_with = "policy")]
    pub arm: bool,

    /// Show the policy document of one API as XML; `global` is the one for all
    #[arg(long, value_name = "API")]
    pub policy: Option<String>,

    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub stand_in: StandInArgs,
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Prints the JSON Schema of specs, for editors
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  secgw schema > secgw.schema.json
and in the first line of a spec:
  # yaml-language-server: $schema=./secgw.schema.json")]
pub struct SchemaArgs {}

/// Says what a security control demands, why, and what to do where it fails
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  secgw explain POL-07")]
pub struct ExplainArgs {
    /// Id of a control, as `secgw check` shows it
    #[arg(value_name = "CONTROL")]
    pub what: String,

    #[command(flatten)]
    pub format: FormatArgs,
}
