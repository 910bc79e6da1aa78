//! Microsoft.Network without the web application firewall.

use super::rule;
use crate::resource::kind::{Etag, Evidence, How, Kind, Layer, Mark, Usual};

const VERSION: &str = "2024-05-01";
const ZONES: &str = "2024-06-01";
const VNET: &str = "Microsoft.Network/virtualNetworks";

const NETWORK: Kind = Kind {
    layer: Layer::Network,
    api_version: VERSION,
    etag: Etag::Enforced,
    usual: Usual {
        create: 10,
        update: 10,
        delete: 10,
    },
    ..Kind::PLAIN
};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        type_name: "Microsoft.Network/networkSecurityGroups",
        noun: "network security group",
        mark: Mark::ArmTag,
        rules: &[
            rule(
                "/properties/securityRules",
                How::Set("/name"),
                Evidence::Recorded("quirks.md: NSG"),
            ),
            rule(
                "/properties/securityRules/*/properties/protocol",
                How::CaseInsensitive,
                Evidence::Recorded("quirks.md: NSG"),
            ),
            rule(
                "/properties/securityRules/*/properties/access",
                How::CaseInsensitive,
                Evidence::Inferred("an enumeration"),
            ),
            rule(
                "/properties/securityRules/*/properties/direction",
                How::CaseInsensitive,
                Evidence::Inferred("an enumeration"),
            ),
            rule(
                "/properties/securityRules/*/id",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: NSG"),
            ),
            rule(
                "/properties/securityRules/*/type",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: NSG"),
            ),
            rule(
                "/properties/defaultSecurityRules",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: NSG"),
            ),
            rule(
                "/properties/networkInterfaces",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: NSG"),
            ),
            rule(
                "/properties/subnets",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: NSG"),
            ),
            rule(
                "/properties/flowLogs",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: NSG"),
            ),
        ],
        ..NETWORK
    },
    Kind {
        type_name: VNET,
        noun: "virtual network",
        lane: Some(VNET),
        mark: Mark::ArmTag,
        rules: &[
            rule(
                "/properties/addressSpace/addressPrefixes",
                How::Set(""),
                Evidence::Inferred("prefixes have no order"),
            ),
            rule(
                "/properties/subnets/*/etag",
                How::ReadOnly,
                Evidence::Recorded("quirks.md part 1, 10"),
            ),
            rule(
                "/properties/subnets/*/properties/ipConfigurations",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/subnets/*/properties/privateEndpoints",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/subnets/*/properties/serviceAssociationLinks",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/subnets/*/properties/resourceNavigationLinks",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/subnets/*/properties/purpose",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/subnets/*/properties/delegations/*/properties/actions",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
        ],
        ..NETWORK
    },
    Kind {
        type_name: "Microsoft.Network/virtualNetworks/subnets",
        noun: "subnet",
        lane: Some(VNET),
        mark: Mark::Fixed,
        rules: &[
            rule(
                "/properties/delegations",
                How::Set("/name"),
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/delegations/*/id",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/delegations/*/type",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/delegations/*/properties/actions",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/delegations/*/properties/serviceName",
                How::CaseInsensitive,
                Evidence::Inferred("a resource type"),
            ),
            rule(
                "/properties/ipConfigurations",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/ipConfigurationProfiles",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/privateEndpoints",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/serviceAssociationLinks",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/resourceNavigationLinks",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/purpose",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: subnet"),
            ),
            rule(
                "/properties/addressPrefix",
                How::Cidr,
                Evidence::Inferred("one prefix"),
            ),
        ],
        ..NETWORK
    },
    Kind {
        type_name: "Microsoft.Network/privateEndpoints",
        noun: "private endpoint",
        mark: Mark::ArmTag,
        rules: &[
            rule(
                "/properties/privateLinkServiceConnections",
                How::Set("/name"),
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            rule(
                "/properties/privateLinkServiceConnections/*/id",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            rule(
                "/properties/privateLinkServiceConnections/*/type",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            rule(
                "/properties/privateLinkServiceConnections/*/properties/privateLinkServiceId",
                How::Id,
                Evidence::Recorded("quirks.md part 1, 3"),
            ),
            rule(
                "/properties/privateLinkServiceConnections/*/properties/privateLinkServiceConnectionState",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            rule(
                "/properties/networkInterfaces",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            rule(
                "/properties/customDnsConfigs",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            rule(
                "/properties/subnet/id",
                How::Immutable,
                Evidence::Inferred("the interface lives in the subnet"),
            ),
        ],
        usual: Usual {
            create: 60,
            update: 30,
            delete: 30,
        },
        ..NETWORK
    },
    Kind {
        type_name: "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        noun: "DNS zone group",
        rules: &[
            rule(
                "/properties/privateDnsZoneConfigs",
                How::Set("/name"),
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            rule(
                "/properties/privateDnsZoneConfigs/*/properties/privateDnsZoneId",
                How::Id,
                Evidence::Recorded("quirks.md part 1, 3"),
            ),
            rule(
                "/properties/privateDnsZoneConfigs/*/properties/recordSets",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            rule(
                "/properties/privateDnsZoneConfigs/*/id",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            rule(
                "/properties/privateDnsZoneConfigs/*/type",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
        ],
        ..NETWORK
    },
    Kind {
        type_name: "Microsoft.Network/privateDnsZones",
        noun: "private DNS zone",
        api_version: ZONES,
        mark: Mark::ArmTag,
        rules: &[
            rule(
                "/properties/maxNumberOfRecordSets",
                How::ReadOnly,
                Evidence::Recorded("aso__Test_Networking_PrivateDnsZone_20240601_CRUD"),
            ),
            rule(
                "/properties/maxNumberOfVirtualNetworkLinks",
                How::ReadOnly,
                Evidence::Recorded("aso__Test_Networking_PrivateDnsZone_20240601_CRUD"),
            ),
            rule(
                "/properties/maxNumberOfVirtualNetworkLinksWithRegistration",
                How::ReadOnly,
                Evidence::Recorded("aso__Test_Networking_PrivateDnsZone_20240601_CRUD"),
            ),
            rule(
                "/properties/numberOfRecordSets",
                How::ReadOnly,
                Evidence::Recorded("aso__Test_Networking_PrivateDnsZone_20240601_CRUD"),
            ),
            rule(
                "/properties/numberOfVirtualNetworkLinks",
                How::ReadOnly,
                Evidence::Recorded("aso__Test_Networking_PrivateDnsZone_20240601_CRUD"),
            ),
            rule(
                "/properties/numberOfVirtualNetworkLinksWithRegistration",
                How::ReadOnly,
                Evidence::Recorded("aso__Test_Networking_PrivateDnsZone_20240601_CRUD"),
            ),
            rule(
                "/properties/internalId",
                How::ReadOnly,
                Evidence::Recorded("aso__Test_Networking_PrivateDnsZone_20240601_CRUD"),
            ),
        ],
        usual: Usual {
            create: 40,
            update: 30,
            delete: 30,
        },
        ..NETWORK
    },
    Kind {
        type_name: "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        noun: "virtual network link",
        api_version: ZONES,
        rules: &[
            rule(
                "/properties/virtualNetwork/id",
                How::Immutable,
                Evidence::Inferred("a link is to one network"),
            ),
            rule(
                "/properties/virtualNetworkLinkState",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: private DNS"),
            ),
        ],
        usual: Usual {
            create: 60,
            update: 30,
            delete: 30,
        },
        ..NETWORK
    },
];
