//! Host names that differ between the named clouds.

use crate::spec::Cloud;

/// The suffixes and addresses of one cloud.
pub(super) struct Hosts {
    pub(super) gateway: &'static str,
    pub(super) function: &'static str,
    /// Where private endpoints of functions resolve.
    pub(super) private_function: &'static str,
    pub(super) blob: &'static str,
    /// Issues the tokens of managed identities.
    pub(super) login: &'static str,
    pub(super) b2c: &'static str,
    pub(super) external_id: &'static str,
}

pub(super) fn of(cloud: Cloud) -> &'static Hosts {
    match cloud {
        Cloud::Public => &PUBLIC,
        Cloud::UsGovernment => &US_GOVERNMENT,
        Cloud::China => &CHINA,
    }
}

static PUBLIC: Hosts = Hosts {
    gateway: "azure-api.net",
    function: "azurewebsites.net",
    private_function: "privatelink.azurewebsites.net",
    blob: "blob.core.windows.net",
    login: "login.microsoftonline.com",
    b2c: "b2clogin.com",
    external_id: "ciamlogin.com",
};

static US_GOVERNMENT: Hosts = Hosts {
    gateway: "azure-api.us",
    function: "azurewebsites.us",
    private_function: "privatelink.azurewebsites.us",
    blob: "blob.core.usgovcloudapi.net",
    login: "login.microsoftonline.us",
    b2c: "b2clogin.us",
    external_id: "ciamlogin.us",
};

static CHINA: Hosts = Hosts {
    gateway: "azure-api.cn",
    function: "chinacloudsites.cn",
    private_function: "privatelink.chinacloudsites.cn",
    blob: "blob.core.chinacloudapi.cn",
    login: "login.partner.microsoftonline.cn",
    b2c: "b2clogin.cn",
    external_id: "ciamlogin.cn",
};
