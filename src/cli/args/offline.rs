//! Commands that need no Azure: what a spec means.

use clap::{Args, ValueEnum};

use super::scope::OfflineArgs;
use super::view::FormatArgs;

/// Lists the environments there are
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw environments                  one name a line
  secgw environments -o json          `environments` is the `include` of a job matrix:
      strategy: { matrix: { include: \"${{ fromJSON(needs.list.outputs.found).environments }}\" } }

Exit codes: 0 listed, 3 there is none.")]
pub(crate) struct EnvironmentsArgs {
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Checks a spec offline: every problem at once, with its line and a remedy
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw validate -e prod              check environments/prod.yaml and all it extends
  secgw validate -e prod --sandbox    the same where its variables are not set
  secgw validate -e prod -o json      problems as data, for editors and pipelines

Exit codes: 0 valid, 3 not.")]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    pub from: OfflineArgs,
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
pub(crate) struct RenderArgs {
    /// Show the compiled resources as JSON; values that Azure makes are `$ref`s to their source
    #[arg(long, conflicts_with = "policy")]
    pub arm: bool,

    /// Show the policy document of one API as XML; `global` is the one for all
    #[arg(long, value_name = "API")]
    pub policy: Option<String>,

    #[command(flatten)]
    pub from: OfflineArgs,
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
pub(crate) struct SchemaArgs {}

/// Draws the resources and what depends on what
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw graph -e prod                 as Mermaid, for Markdown on GitHub and Azure DevOps
  secgw graph -e prod -o dot | dot -Tsvg > prod.svg
                                      as a picture, by Graphviz

An arrow leads from a resource to what it depends on; what other arrows imply is left out. Round boxes
are somebody else's, slanted ones (dashed in DOT) are what must not be there.")]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    pub from: OfflineArgs,

    /// Form of what is written to stdout
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Drawing::Mermaid, help_heading = "Output")]
    pub output: Drawing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    Mermaid,
    Dot,
}

/// Says why a resource, a property or a security control exists, and on what evidence
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw explain POL-07                what a control demands, why, and the remedy
  secgw explain -e dev apis/orders    a resource: the line that asks for it, what it serves, what it
                                      depends on, how it is marked, read, written and compared
  secgw explain -e dev service/apim-orders-dev publicNetworkAccess
                                      a property of it, as a plan prints it or as a JSON pointer

An address is a whole id or any end of one that means a single resource.")]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub subject: SubjectArgs,
    #[command(flatten)]
    pub from: OfflineArgs,
    #[command(flatten)]
    pub format: FormatArgs,
}

/// What is to be explained.
#[derive(Debug, Args)]
pub(crate) struct SubjectArgs {
    /// Id of a control, as `secgw check` shows it; or the address of a resource, as a plan shows it
    #[arg(value_name = "CONTROL|ADDRESS")]
    pub what: String,

    /// A property of the resource: `sku.name`, `/properties/publicNetworkAccess`
    #[arg(value_name = "PROPERTY")]
    pub property: Option<String>,
}
