//! What somebody must be allowed: a role definition as `az role definition create` takes it, and Graph permissions.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::plan_json::FORMAT_VERSION;
use super::style::{DIM, STRONG, paint};
use crate::resource::Directory;
use crate::resource::rights::{Purpose, Rights};

const ASSIGNS: &str = "Microsoft.Authorization/roleAssignments/write";

/// The rights that a spec takes, and where.
#[derive(Debug)]
pub struct Needed<'a> {
    pub spec: &'a str,
    pub purpose: Purpose,
    pub rights: &'a Rights,
    pub subscription: &'a str,
    /// The directory where users sign in, and the subscription's where the spec names it.
    pub identity_tenant: &'a str,
    pub workforce_tenant: Option<&'a str>,
}

pub fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Plan => "plan",
        Purpose::Apply => "apply",
    }
}

impl Needed<'_> {
    fn role_name(&self) -> String {
        format!("secgw {} {}", purpose(self.purpose), self.spec)
    }

    pub fn role(&self) -> Value {
        let does = match self.purpose {
            Purpose::Plan => "Reads what",
            Purpose::Apply => "Writes what",
        };
        json!({
            "Name": self.role_name(),
            "IsCustom": true,
            "Description": format!("{does} the secgw spec {} names, and nothing else", self.spec),
            "Actions": self.rights.actions,
            "NotActions": [],
            "DataActions": [],
            "NotDataActions": [],
            "AssignableScopes": [format!("/subscriptions/{}", self.subscription)],
        })
    }

    fn tenant(&self, directory: Directory) -> &str {
        match directory {
            Directory::Identity => self.identity_tenant,
            Directory::Workforce => self.workforce_tenant.unwrap_or("of the subscription"),
        }
    }

    pub fn json(&self) -> Value {
        let graph = self
            .rights
            .permissions
            .iter()
            .map(|(directory, permissions)| {
                let permissions = permissions.iter().map(
                    |permission| json!({ "name": permission.name, "app_role_id": permission.id }),
                );
                json!({
                    "directory": directory.name(),
                    "tenant": self.tenant(*directory),
                    "permissions": permissions.collect::<Vec<_>>(),
                })
            });
        json!({
            "format_version": FORMAT_VERSION,
            "spec": self.spec,
            "for": purpose(self.purpose),
            "role": self.role(),
            "graph": graph.collect::<Vec<_>>(),
        })
    }

    pub fn text(&self) -> String {
        let mut out = format!(
            "{}\n",
            paint(STRONG, &format!("Role `{}`", self.role_name()))
        );
        for action in &self.rights.actions {
            let _infallible = writeln!(out, "  {action}");
        }
        for (directory, permissions) in &self.rights.permissions {
            let title = format!(
                "Microsoft Graph application permissions in the {} tenant {}",
                directory.name(),
                self.tenant(*directory)
            );
            let _infallible = writeln!(out, "\n{}", paint(STRONG, &title));
            for permission in permissions {
                let id = permission.id.unwrap_or_default();
                let id = if id.is_empty() {
                    String::new()
                } else {
                    paint(DIM, id)
                };
                let line = format!("  {:<42}{id}", permission.name);
                let _infallible = writeln!(out, "{}", line.trim_end());
            }
        }
        if self.rights.actions.contains(ASSIGNS) {
            out.push_str("\nWhoever may assign roles may give itself any: add a condition to the assignment of this role.\n");
        }
        let _infallible = write!(
            out,
            "\n`-o role` prints the role definition for `az role definition create`; assign it on the resource group,\nor on the subscription while there is no group. Graph permissions need admin consent.\n"
        );
        out
    }
}
