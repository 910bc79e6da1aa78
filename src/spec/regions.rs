//! Azure's regions, and from which of them Front Door reaches an origin over private link.
//!
//! Regions with private link: documented (Front Door, private link origins, list of 2023, `domain.md` C.1); the
//! three of the US Government cloud are inferred from the product's later announcements. Every other region names
//! the one that is nearest: private link works across regions, it only takes longer.

pub(crate) struct RegionRow {
    pub(crate) name: &'static str,
    /// The region through which Front Door reaches an origin here; `None` where it cannot at all.
    pub(crate) private_link: Option<&'static str>,
    pub(crate) cloud: super::model::Cloud,
}

macro_rules! regions {
    ($($cloud:ident { $($name:literal => $link:expr,)+ })+) => {
        &[$($(RegionRow { name: $name, private_link: $link, cloud: super::model::Cloud::$cloud },)+)+]
    };
}

const REGIONS: &[RegionRow] = regions! {
    Public {
        "australiacentral" => Some("australiaeast"),
        "australiaeast" => Some("australiaeast"),
        "australiasoutheast" => Some("australiaeast"),
        "austriaeast" => Some("germanywestcentral"),
        "brazilsouth" => Some("brazilsouth"),
        "canadacentral" => Some("canadacentral"),
        "canadaeast" => Some("canadacentral"),
        "centralindia" => Some("centralindia"),
        "centralus" => Some("centralus"),
        "eastasia" => Some("eastasia"),
        "eastus" => Some("eastus"),
        "eastus2" => Some("eastus2"),
        "francecentral" => Some("francecentral"),
        "germanywestcentral" => Some("germanywestcentral"),
        "indonesiacentral" => Some("eastasia"),
        "israelcentral" => Some("francecentral"),
        "italynorth" => Some("francecentral"),
        "japaneast" => Some("japaneast"),
        "japanwest" => Some("japaneast"),
        "jioindiawest" => Some("centralindia"),
        "koreacentral" => Some("koreacentral"),
        "koreasouth" => Some("koreacentral"),
        "malaysiawest" => Some("eastasia"),
        "mexicocentral" => Some("southcentralus"),
        "newzealandnorth" => Some("australiaeast"),
        "northcentralus" => Some("centralus"),
        "northeurope" => Some("northeurope"),
        "norwayeast" => Some("norwayeast"),
        "polandcentral" => Some("germanywestcentral"),
        "qatarcentral" => Some("centralindia"),
        "southafricanorth" => Some("southafricanorth"),
        "southcentralus" => Some("southcentralus"),
        "southindia" => Some("centralindia"),
        "southeastasia" => Some("eastasia"),
        "spaincentral" => Some("francecentral"),
        "swedencentral" => Some("swedencentral"),
        "switzerlandnorth" => Some("germanywestcentral"),
        "uaenorth" => Some("centralindia"),
        "uksouth" => Some("uksouth"),
        "ukwest" => Some("uksouth"),
        "westcentralus" => Some("centralus"),
        "westeurope" => Some("westeurope"),
        "westindia" => Some("centralindia"),
        "westus" => Some("westus3"),
        "westus2" => Some("westus3"),
        "westus3" => Some("westus3"),
    }
    UsGovernment {
        "usgovarizona" => Some("usgovarizona"),
        "usgovtexas" => Some("usgovtexas"),
        "usgovvirginia" => Some("usgovvirginia"),
    }
    China {
        "chinaeast2" => None,
        "chinaeast3" => None,
        "chinanorth2" => None,
        "chinanorth3" => None,
    }
};

pub(crate) fn find(name: &str) -> Option<&'static RegionRow> {
    REGIONS.iter().find(|row| row.name == name)
}

pub(crate) fn names() -> Vec<&'static str> {
    REGIONS.iter().map(|row| row.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_link_runs_through_a_region_of_the_same_cloud_that_has_it() {
        for row in REGIONS {
            if let Some(link) = row.private_link {
                let through = find(link).unwrap();
                assert_eq!(
                    (through.private_link, through.cloud),
                    (Some(link), row.cloud),
                    "{}",
                    row.name
                );
            }
        }
    }
}
