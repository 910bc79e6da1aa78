//! Microsoft.Network without the web application firewall.

use super::rule;
use crate::resource::kind::{
    Deletion, Etag, Evidence, How, Invalidation, Kind, Layer, Mark, Rule, Usual,
};

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

const SCHEMA: Evidence = Evidence::Documented("defaults.json, published types", "2026-11-23");
const ADDRESS: &str = "aso__Test_Networking_PublicIP_20250301_CRUD";
const SUBNET: Evidence = Evidence::Recorded("quirks.md: subnet");

const GROUP_RULES: &[Rule] = &[
    rule(
        &["/properties/securityRules"],
        How::Set("/name"),
        Evidence::Recorded("quirks.md: NSG"),
    ),
    rule(
        &["/properties/**/protocol"],
        How::CaseInsensitive,
        Evidence::Recorded("quirks.md: NSG"),
    ),
    rule(
        &["/properties/**/access", "/properties/**/direction"],
        How::CaseInsensitive,
        SCHEMA,
    ),
    rule(
        &[
            "/properties/**/sourceAddressPrefix",
            "/properties/**/sourceAddressPrefixes/*",
            "/properties/**/destinationAddressPrefix",
            "/properties/**/destinationAddressPrefixes/*",
        ],
        How::Cidr,
        Evidence::Inferred("as in access restrictions; service tags in any case"),
    ),
    rule(
        &[
            "/properties/**/sourceAddressPrefixes",
            "/properties/**/destinationAddressPrefixes",
            "/properties/**/sourcePortRanges",
            "/properties/**/destinationPortRanges",
        ],
        How::Set(""),
        Evidence::Inferred("ranges have no order"),
    ),
    rule(
        &[
            "/properties/**/sourceApplicationSecurityGroups",
            "/properties/**/destinationApplicationSecurityGroups",
        ],
        How::Set("/id"),
        Evidence::Inferred("references have no order"),
    ),
    rule(
        &[
            "/properties/securityRules/*/id",
            "/properties/**/type",
            "/properties/defaultSecurityRules",
            "/properties/networkInterfaces",
            "/properties/subnets",
            "/properties/flowLogs",
            "/properties/**/sourceApplicationSecurityGroups/*/name",
            "/properties/**/destinationApplicationSecurityGroups/*/name",
        ],
        How::ReadOnly,
        Evidence::Recorded("quirks.md: NSG"),
    ),
];

/// For networks, whose subnets are members, and for subnets by themselves.
const VNET_RULES: &[Rule] = &[
    rule(
        &["/properties/subnets", "/properties/virtualNetworkPeerings"],
        How::Set("/name"),
        Evidence::Recorded("quirks.md: virtual network"),
    ),
    rule(&["/properties/**/delegations"], How::Set("/name"), SUBNET),
    rule(
        &["/properties/**/serviceEndpoints"],
        How::Set("/service"),
        SUBNET,
    ),
    rule(
        &["/properties/**/serviceEndpoints/*/locations/**"],
        How::NotEffective,
        Evidence::Recorded("quirks.md: subnet, Azure fills the regions in"),
    ),
    rule(
        &["/properties/**/serviceEndpoints/*/locations"],
        How::WriteOnly,
        Evidence::Recorded("quirks.md: subnet, Azure fills the regions in"),
    ),
    rule(
        &[
            "/properties/addressSpace/addressPrefixes",
            "/properties/dhcpOptions/dnsServers",
            "/properties/**/addressPrefixes",
        ],
        How::Set(""),
        Evidence::Inferred("prefixes have no order"),
    ),
    rule(
        &[
            "/properties/**/addressPrefix",
            "/properties/**/addressPrefixes/*",
        ],
        How::Cidr,
        Evidence::Inferred("prefixes in one spelling"),
    ),
    rule(
        &["/properties/enableVmProtection"],
        How::Default("false"),
        Evidence::Recorded("quirks.md: virtual network"),
    ),
    rule(
        &["/properties/enableVmProtection"],
        How::Dropped,
        Evidence::Recorded("quirks.md: virtual network"),
    ),
    rule(
        &["/properties/**/delegations/*/properties/serviceName"],
        How::CaseInsensitive,
        Evidence::Inferred("a resource type"),
    ),
    rule(
        &[
            "/properties/**/privateEndpointNetworkPolicies",
            "/properties/**/privateLinkServiceNetworkPolicies",
            "/properties/**/sharingScope",
            "/properties/encryption/enforcement",
            "/properties/virtualNetworkPeerings/*/properties/peeringState",
            "/properties/virtualNetworkPeerings/*/properties/peeringSyncLevel",
            "/properties/privateEndpointVNetPolicies",
        ],
        How::CaseInsensitive,
        SCHEMA,
    ),
    rule(
        &[
            "/properties/**/delegations/*/id",
            "/properties/**/delegations/*/type",
            "/properties/**/delegations/*/properties/actions",
            "/properties/**/ipConfigurations",
            "/properties/**/ipConfigurationProfiles",
            "/properties/**/privateEndpoints",
            "/properties/**/serviceAssociationLinks",
            "/properties/**/resourceNavigationLinks",
            "/properties/**/purpose",
        ],
        How::ReadOnly,
        SUBNET,
    ),
    rule(
        &[
            "/properties/subnets/*/type",
            "/properties/virtualNetworkPeerings/*/type",
            "/properties/virtualNetworkPeerings/*/properties/remoteBgpCommunities/regionalCommunity",
            "/properties/virtualNetworkPeerings/*/properties/remoteVirtualNetworkEncryption",
            "/properties/bgpCommunities/regionalCommunity",
            "/properties/flowLogs",
            "/properties/defaultPublicNatGateway",
            "/properties/**/allocatedAddressPrefixes",
            "/properties/**/applicationGatewayIPConfigurations/*/type",
            "/properties/**/networkSecurityGroup/name",
            "/properties/**/networkSecurityGroup/type",
            "/properties/**/networkSecurityGroup/properties",
            "/properties/**/routeTable/name",
            "/properties/**/routeTable/type",
            "/properties/**/routeTable/properties",
            "/properties/**/serviceEndpointPolicies/*/kind",
            "/properties/**/serviceEndpointPolicies/*/name",
            "/properties/**/serviceEndpointPolicies/*/type",
            "/properties/**/serviceEndpointPolicies/*/properties",
        ],
        How::ReadOnly,
        SCHEMA,
    ),
];

const ADDRESS_RULES: &[Rule] = &[
    rule(
        &[
            "/sku/name",
            "/properties/publicIPAllocationMethod",
            "/properties/publicIPAddressVersion",
        ],
        How::Immutable,
        Evidence::Inferred("an address that is in use changes none of them"),
    ),
    rule(
        &[
            "/sku/name",
            "/sku/tier",
            "/properties/publicIPAllocationMethod",
            "/properties/publicIPAddressVersion",
            "/properties/deleteOption",
            "/properties/ddosSettings/protectionMode",
            "/properties/dnsSettings/domainNameLabel",
            "/properties/dnsSettings/domainNameLabelScope",
        ],
        How::CaseInsensitive,
        SCHEMA,
    ),
    rule(
        &["/properties/ipTags"],
        How::Set("/ipTagType"),
        Evidence::Inferred("one tag of a type"),
    ),
    rule(
        &["/zones"],
        How::Set(""),
        Evidence::Inferred("zones have no order"),
    ),
    rule(
        &[
            "/properties/ipAddress",
            "/properties/dnsSettings/fqdn",
            "/properties/ipConfiguration",
        ],
        How::ReadOnly,
        Evidence::Recorded(ADDRESS),
    ),
    rule(
        &[
            "/properties/natGateway",
            "/properties/linkedPublicIPAddress",
            "/properties/servicePublicIPAddress",
            "/properties/migrationPhase",
        ],
        How::ReadOnly,
        SCHEMA,
    ),
];

pub(super) const KINDS: &[Kind] = &[
    Kind {
        type_name: "Microsoft.Network/publicIPAddresses",
        noun: "public IP address",
        mark: Mark::ArmTag,
        rules: ADDRESS_RULES,
        invalidates: &[Invalidation {
            paths: &["/properties/dnsSettings/**"],
            values: &["/properties/dnsSettings/fqdn"],
        }],
        ..NETWORK
    },
    Kind {
        type_name: "Microsoft.Network/networkSecurityGroups",
        noun: "network security group",
        mark: Mark::ArmTag,
        rules: GROUP_RULES,
        ..NETWORK
    },
    Kind {
        type_name: VNET,
        noun: "virtual network",
        lane: Some(VNET),
        mark: Mark::ArmTag,
        rules: VNET_RULES,
        ..NETWORK
    },
    Kind {
        type_name: "Microsoft.Network/virtualNetworks/subnets",
        noun: "subnet",
        lane: Some(VNET),
        mark: Mark::Fixed,
        rules: VNET_RULES,
        ..NETWORK
    },
    Kind {
        type_name: "Microsoft.Network/privateEndpoints",
        noun: "private endpoint",
        mark: Mark::ArmTag,
        rules: &[
            rule(
                &[
                    "/properties/privateLinkServiceConnections",
                    "/properties/manualPrivateLinkServiceConnections",
                    "/properties/ipConfigurations",
                ],
                How::Set("/name"),
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            rule(
                &[
                    "/properties/privateLinkServiceConnections/*/properties/groupIds",
                    "/properties/manualPrivateLinkServiceConnections/*/properties/groupIds",
                ],
                How::Set(""),
                Evidence::Inferred("groups have no order"),
            ),
            rule(
                &["/properties/applicationSecurityGroups"],
                How::Set("/id"),
                Evidence::Inferred("references have no order"),
            ),
            // The owner of the service decides.
            rule(
                &["/properties/*/*/properties/privateLinkServiceConnectionState/**"],
                How::NotEffective,
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            // A reference is kept by its id, whatever else was sent with it.
            rule(
                &["/properties/subnet/properties", "/properties/subnet/name"],
                How::WriteOnly,
                Evidence::Recorded("defaults.md: Microsoft.Network/privateEndpoints"),
            ),
            rule(
                &[
                    "/properties/privateLinkServiceConnections/*/id",
                    "/properties/privateLinkServiceConnections/*/type",
                    "/properties/manualPrivateLinkServiceConnections/*/id",
                    "/properties/manualPrivateLinkServiceConnections/*/type",
                    "/properties/networkInterfaces",
                ],
                How::ReadOnly,
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            rule(
                &[
                    "/properties/subnet/type",
                    "/properties/applicationSecurityGroups/*/name",
                    "/properties/applicationSecurityGroups/*/type",
                    "/properties/ipConfigurations/*/type",
                ],
                How::ReadOnly,
                SCHEMA,
            ),
            rule(
                &["/properties/ipVersionType", "/properties/billingSku"],
                How::CaseInsensitive,
                SCHEMA,
            ),
            rule(
                &["/properties/subnet/id"],
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
                &["/properties/privateDnsZoneConfigs"],
                How::Set("/name"),
                Evidence::Recorded("quirks.md: private endpoint"),
            ),
            rule(
                &[
                    "/properties/privateDnsZoneConfigs/*/properties/recordSets",
                    "/properties/privateDnsZoneConfigs/*/id",
                    "/properties/privateDnsZoneConfigs/*/type",
                ],
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
        rules: &[rule(
            &[
                "/properties/maxNumberOfRecordSets",
                "/properties/maxNumberOfVirtualNetworkLinks",
                "/properties/maxNumberOfVirtualNetworkLinksWithRegistration",
                "/properties/numberOfRecordSets",
                "/properties/numberOfVirtualNetworkLinks",
                "/properties/numberOfVirtualNetworkLinksWithRegistration",
                "/properties/internalId",
            ],
            How::ReadOnly,
            Evidence::Recorded("aso__Test_Networking_PrivateDnsZone_20240601_CRUD"),
        )],
        usual: Usual {
            create: 40,
            update: 30,
            delete: 30,
        },
        ..NETWORK
    },
    Kind {
        type_name: "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        deletion: Deletion::BeforeParent,
        noun: "virtual network link",
        api_version: ZONES,
        rules: &[
            rule(
                &["/properties/virtualNetwork/id"],
                How::Immutable,
                Evidence::Inferred("a link is to one network"),
            ),
            rule(
                &["/properties/resolutionPolicy"],
                How::CaseInsensitive,
                SCHEMA,
            ),
            rule(
                &["/properties/virtualNetworkLinkState"],
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
