//! Commands about changes: planned, shown, applied, taken back.

use std::path::PathBuf;

use clap::Args;

use super::scope::{AzureArgs, ChoiceArgs, SpecsArgs, WriteArgs};
use super::value::{digest, pattern};
use super::view::{FormatArgs, ViewArgs};
use crate::resource::Pattern;

/// Shows what `apply` would change, and why; writes nothing
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw plan -e dev --sandbox         against the Azure inside this program
  secgw plan -e prod                  against the subscription that the spec names
  secgw plan -e prod -o json          as data: summary, changes, objections
  secgw plan -e prod --detailed-exitcode
                                      exit 2 when there are changes, for pipelines
  secgw plan -e prod -o github --out md=plan.md --out sarif=plan.sarif
                                      in a pipeline: annotations, a comment, code scanning
  secgw plan -e prod --out prod.plan  and keep it, for `secgw show` and `secgw apply`
  secgw plan -e dev -e prod           of several environments at once; `-e '*'` of all there are

Signs in by AZURE_CLIENT_SECRET or AZURE_FEDERATED_TOKEN_FILE, with AZURE_TENANT_ID and
AZURE_CLIENT_ID; by the managed identity of the machine; or by `az login`.")]
pub(crate) struct PlanArgs {
    /// Exit 2 when there are changes, 0 when there are none
    #[arg(long)]
    pub detailed_exitcode: bool,

    #[command(flatten)]
    pub spec: SpecsArgs,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub azure: AzureArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// Says what is not as it was last applied, how bad that is, and who changed it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw drift -e prod                 what an apply would put back, security first
  secgw drift -e '*' -o github        of all environments, in a nightly pipeline
  secgw drift -e prod -o sarif > drift.sarif
                                      for code scanning

What a security control reads is security; names, descriptions and tags are cosmetic; the rest is
functional. Who and when come from Azure's activity log, where it may be read.

Exit codes: 0 no drift, 1 something could not be read, 2 drift.")]
pub(crate) struct DriftArgs {
    #[command(flatten)]
    pub spec: SpecsArgs,
    #[command(flatten)]
    pub azure: AzureArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// Shows a plan that `plan --out` saved
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw show prod.plan                as `secgw plan` showed it
  secgw show prod.plan -o json        as data

Needs neither the spec nor Azure. Files of every past version of secgw can be shown; one that was
changed after it was written is refused.

Exit codes: 0 shown, 3 no plan or a changed one.")]
pub(crate) struct ShowArgs {
    /// The saved plan
    #[arg(value_name = "FILE")]
    pub plan: PathBuf,

    #[command(flatten)]
    pub format: FormatArgs,
}

/// Plans, asks, and makes Azure what the spec says
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw apply -e dev --sandbox        on the Azure inside this program
  secgw apply -e prod                 on the subscription that the spec names; asks first
  secgw apply -e prod --yes           without asking, for pipelines
  secgw apply -e prod prod.plan       exactly the plan that `plan --out` saved
  secgw apply -e prod --expect 9f31c0d2a7b4e65810c3
                                      exactly the plan that ended in this digest

A saved plan and a digest are approvals: they do not ask, and nothing is written unless a fresh plan
is the same. `apply FILE` says what has moved since: which resource, which property, in the spec or
in Azure.

Ctrl-C starts nothing new and says what Azure is still at work on; running apply again goes on
from there.

Exit codes: 0 done, 4 blocked, 5 Azure did not keep all of it, 6 waiting, 7 partly applied.")]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub approval: ApprovalArgs,

    /// Attack the result from outside at the end, as `secgw verify` does
    #[arg(long)]
    pub verify: bool,

    #[command(flatten)]
    pub from: WriteArgs,
}

/// What was approved before: a plan, its digest, or whatever comes.
#[derive(Debug, Args)]
pub(crate) struct ApprovalArgs {
    /// Apply this saved plan and nothing else
    #[arg(value_name = "FILE")]
    pub plan: Option<PathBuf>,

    /// Apply the plan of this digest and nothing else; its first 12 digits are the least, give all you
    /// have
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    pub expect: Option<String>,

    /// Do not ask before writing
    #[arg(short, long)]
    pub yes: bool,
}

/// Deletes what the spec owns, in the right order, and nothing else
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw destroy -e dev --sandbox      on the Azure inside this program; asks first
  secgw destroy -e dev --yes          without asking, for pipelines
  secgw destroy -e dev --also 'users/*'
                                      also the accounts, which carry no mark
  secgw destroy -e prod --allow protect:service/apim-orders-prod
                                      also what `protect` names, this once

What belongs to somebody else stays, and so does whatever that needs. A deleted API Management
service holds its name for 48 hours: how to free it is said.

Exit codes: 0 done, 4 blocked, 6 waiting, 7 partly deleted.")]
pub(crate) struct DestroyArgs {
    /// Do not ask before deleting
    #[arg(short, long)]
    pub yes: bool,

    /// Also this resource of the spec, which carries no mark of its own; may be repeated
    #[arg(long, value_name = "ADDRESS", value_parser = pattern)]
    pub also: Vec<Pattern>,

    #[command(flatten)]
    pub from: WriteArgs,
}
