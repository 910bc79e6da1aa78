//! Azure's regions: short names and display names.

use crate::sandbox::behaviour::style::LocationForm;

const REGIONS: &[(&str, &str)] = &[
    ("australiacentral", "Australia Central"),
    ("australiaeast", "Australia East"),
    ("australiasoutheast", "Australia Southeast"),
    ("austriaeast", "Austria East"),
    ("belgiumcentral", "Belgium Central"),
    ("brazilsouth", "Brazil South"),
    ("canadacentral", "Canada Central"),
    ("canadaeast", "Canada East"),
    ("centralindia", "Central India"),
    ("centralus", "Central US"),
    ("centraluseuap", "Central US EUAP"),
    ("chilecentral", "Chile Central"),
    ("eastasia", "East Asia"),
    ("eastus", "East US"),
    ("eastus2", "East US 2"),
    ("eastus2euap", "East US 2 EUAP"),
    ("francecentral", "France Central"),
    ("francesouth", "France South"),
    ("germanynorth", "Germany North"),
    ("germanywestcentral", "Germany West Central"),
    ("indonesiacentral", "Indonesia Central"),
    ("israelcentral", "Israel Central"),
    ("italynorth", "Italy North"),
    ("japaneast", "Japan East"),
    ("japanwest", "Japan West"),
    ("koreacentral", "Korea Central"),
    ("koreasouth", "Korea South"),
    ("malaysiawest", "Malaysia West"),
    ("mexicocentral", "Mexico Central"),
    ("newzealandnorth", "New Zealand North"),
    ("northcentralus", "North Central US"),
    ("northeurope", "North Europe"),
    ("norwayeast", "Norway East"),
    ("norwaywest", "Norway West"),
    ("polandcentral", "Poland Central"),
    ("qatarcentral", "Qatar Central"),
    ("southafricanorth", "South Africa North"),
    ("southcentralus", "South Central US"),
    ("southeastasia", "Southeast Asia"),
    ("southindia", "South India"),
    ("spaincentral", "Spain Central"),
    ("swedencentral", "Sweden Central"),
    ("switzerlandnorth", "Switzerland North"),
    ("switzerlandwest", "Switzerland West"),
    ("uaenorth", "UAE North"),
    ("uksouth", "UK South"),
    ("ukwest", "UK West"),
    ("westcentralus", "West Central US"),
    ("westeurope", "West Europe"),
    ("westindia", "West India"),
    ("westus", "West US"),
    ("westus2", "West US 2"),
    ("westus3", "West US 3"),
];

/// Documented pairs (learn.microsoft.com/azure/reliability/regions-paired, 2025-06); a region without one has no copy.
const PAIRS: &[(&str, &str)] = &[
    ("australiaeast", "australiasoutheast"),
    ("brazilsouth", "southcentralus"),
    ("canadacentral", "canadaeast"),
    ("centralindia", "southindia"),
    ("centralus", "eastus2"),
    ("centraluseuap", "eastus2euap"),
    ("eastasia", "southeastasia"),
    ("eastus", "westus"),
    ("francecentral", "francesouth"),
    ("germanywestcentral", "germanynorth"),
    ("japaneast", "japanwest"),
    ("koreacentral", "koreasouth"),
    ("northcentralus", "southcentralus"),
    ("northeurope", "westeurope"),
    ("norwayeast", "norwaywest"),
    ("southafricanorth", "southafricawest"),
    ("swedencentral", "swedensouth"),
    ("switzerlandnorth", "switzerlandwest"),
    ("uaenorth", "uaecentral"),
    ("uksouth", "ukwest"),
    ("westcentralus", "westus2"),
    ("westus3", "eastus"),
];

/// Where geo-replicated data of a region goes.
pub(crate) fn pair(region: &str) -> Option<&'static str> {
    let region = short(region);
    PAIRS.iter().find_map(|(one, other)| {
        if *one == region {
            Some(*other)
        } else {
            // `westus3` goes to `eastus`, which stays with `westus`; `brazilsouth` likewise.
            let is_back = *other == region && !["westus3", "brazilsouth"].contains(one);
            is_back.then_some(*one)
        }
    })
}

/// `West Europe` and `westeurope` are one region.
pub(crate) fn short(text: &str) -> String {
    text.chars()
        .filter(|next| !next.is_whitespace())
        .collect::<String>()
        .to_lowercase()
}

pub(crate) fn is_known(text: &str) -> bool {
    let name = short(text);
    name == "global" || REGIONS.iter().any(|(short, _)| *short == name)
}

pub(crate) fn names() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    REGIONS.iter()
}

pub(crate) fn spelled(text: &str, form: LocationForm) -> String {
    match form {
        LocationForm::AsSent => text.to_owned(),
        LocationForm::Lower => short(text),
        LocationForm::Display => {
            let name = short(text);
            REGIONS
                .iter()
                .find(|(short, _)| *short == name)
                .map_or_else(|| text.to_owned(), |(_, display)| (*display).to_owned())
        }
        LocationForm::Global => match short(text).as_str() {
            "global" => "Global".to_owned(),
            _ => text.to_owned(),
        },
    }
}
