//! What stands around the gateway: the vaults that its secrets come from.

use super::control::{Check, Control, Severity};
use super::report::{Verdict, expect};
use super::state::Entry;
use super::subject::Subject;

const VAULT: &str = "Microsoft.KeyVault/vaults";

pub(super) const CONTROLS: &[Control] = &[Control {
    id: "GOV-02",
    title: "Key Vault hardened",
    severity: Severity::Medium,
    condition: "vaults decide by roles, keep what is deleted, and are closed to networks that are not named",
    why: "who may change the vault's own list of readers may read every secret, and a purged one is gone",
    remedy: "set `enableRbacAuthorization` and `enablePurgeProtection` to `true`, and the network's default action to `Deny`",
    mcsb: &["DP-8"],
    owasp: &["API8"],
    reads: &[VAULT],
    check: Check::Read(vaults),
    ..Control::PLAIN
}];

fn vaults(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |vault: &Entry| {
        let flags = ["enableRbacAuthorization", "enablePurgeProtection"]
            .iter()
            .filter_map(|name| {
                let pointer = format!("/properties/{name}");
                expect(
                    vault.flag(&pointer) == Some(true),
                    vault,
                    &pointer,
                    "`true`",
                )
            });
        let access = "/properties/publicNetworkAccess";
        let default = "/properties/networkAcls/defaultAction";
        let is_closed = vault.is(access, "Disabled") || vault.is(default, "Deny");
        let open = expect(
            is_closed,
            vault,
            default,
            "`Deny`, or `publicNetworkAccess` `Disabled`",
        );
        Verdict::of(vault, flags.chain(open))
    };
    subject.all(VAULT).map(judge).collect()
}
