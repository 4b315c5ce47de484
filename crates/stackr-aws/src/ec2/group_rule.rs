//! A block of rules that is written in a security group.

use stackr_core::{
    Attribute, Block, Cidr, Default as Preset, Expr, Field, Input, Kind, Mismatch, Nesting, Presence, Set,
    Shape, Value,
};

/// A block of rules that is written in a security group: some sources (destinations, for what goes out), one
/// protocol, one range of ports.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupRule {
    /// First port; the ICMP type; 0 for all protocols.
    pub from_port: i32,
    /// Last port; the ICMP code; 0 for all protocols.
    pub to_port: i32,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a protocol number without a name, or `-1` for all.
    pub protocol: String,
    /// IPv4 networks.
    pub cidr_blocks: Set<Cidr>,
    /// IPv6 networks.
    pub ipv6_cidr_blocks: Set<Cidr>,
    /// Managed prefix lists.
    pub prefix_list_ids: Set<String>,
    /// Other security groups; `account/sg-…` for one of another account.
    pub security_groups: Set<String>,
    /// Whether the group itself is a source.
    pub itself: bool,
    /// What it is for.
    pub description: String,
}

const fn field(name: &'static str, doc: &'static str, kind: Kind) -> Field {
    Field {
        name,
        doc,
        kind,
        presence: Presence::Optional,
        nesting: Nesting::Attribute,
        default: None,
        replace: false,
        lasting: false,
        secret: false,
        early: false,
        unread: false,
        local: false,
    }
}

const fn required(field: Field) -> Field {
    Field { presence: Presence::Required, ..field }
}

/// Written by hand and not derived because of one field: `self` cannot be the name of a Rust field.
impl Block for GroupRule {
    const SHAPE: Shape = Shape {
        doc: "A block of rules that is written in a security group: some sources (destinations, for what goes \
              out), one protocol, one range of ports.",
        fields: &[
            required(field("from_port", "First port; the ICMP type; 0 for all protocols.", i32::KIND)),
            required(field("to_port", "Last port; the ICMP code; 0 for all protocols.", i32::KIND)),
            required(field(
                "protocol",
                "`tcp`, `udp`, `icmp`, `icmpv6`, a protocol number without a name, or `-1` for all.",
                String::KIND,
            )),
            field("cidr_blocks", "IPv4 networks.", <Set<Cidr>>::KIND),
            field("ipv6_cidr_blocks", "IPv6 networks.", <Set<Cidr>>::KIND),
            field("prefix_list_ids", "Managed prefix lists.", <Set<String>>::KIND),
            field(
                "security_groups",
                "Other security groups; `account/sg-…` for one of another account.",
                <Set<String>>::KIND,
            ),
            Field {
                default: Some(Preset::Bool(false)),
                ..field("self", "Whether the group itself is a source.", bool::KIND)
            },
            Field { default: Some(Preset::Str("")), ..field("description", "What it is for.", String::KIND) },
        ],
    };

    fn from_object(object: &Value) -> std::result::Result<Self, Mismatch> {
        fn read<T: Attribute>(object: &Value, name: &str) -> std::result::Result<T, Mismatch> {
            T::from_value(object.get(name).unwrap_or(&Value::Null)).map_err(|m| m.within(name))
        }
        if object.attributes().is_none() {
            return Err(Mismatch::new("object", object));
        }
        Ok(Self {
            from_port: read(object, "from_port")?,
            to_port: read(object, "to_port")?,
            protocol: read(object, "protocol")?,
            cidr_blocks: read(object, "cidr_blocks")?,
            ipv6_cidr_blocks: read(object, "ipv6_cidr_blocks")?,
            prefix_list_ids: read(object, "prefix_list_ids")?,
            security_groups: read(object, "security_groups")?,
            itself: read::<Option<bool>>(object, "self")?.unwrap_or(false),
            description: read::<Option<String>>(object, "description")?.unwrap_or_default(),
        })
    }

    fn to_object(&self) -> Value {
        Value::object([
            ("from_port", self.from_port.to_value()),
            ("to_port", self.to_port.to_value()),
            ("protocol", self.protocol.to_value()),
            ("cidr_blocks", self.cidr_blocks.to_value()),
            ("ipv6_cidr_blocks", self.ipv6_cidr_blocks.to_value()),
            ("prefix_list_ids", self.prefix_list_ids.to_value()),
            ("security_groups", self.security_groups.to_value()),
            ("self", self.itself.to_value()),
            ("description", self.description.to_value()),
        ])
    }
}

impl Attribute for GroupRule {
    const KIND: Kind = Kind::Object(&Self::SHAPE);
    fn from_value(value: &Value) -> std::result::Result<Self, Mismatch> {
        Self::from_object(value)
    }
    fn to_value(&self) -> Value {
        self.to_object()
    }
}

impl From<GroupRule> for Input<GroupRule> {
    fn from(rule: GroupRule) -> Self {
        Self::from_expr(Expr::Literal(rule.to_object()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_has_the_providers_names_and_reads_back() {
        let rule = GroupRule {
            itself: true,
            cidr_blocks: [Cidr::from("10.0.0.0/8")].into_iter().collect(),
            ..GroupRule::default()
        };
        let object = rule.to_object();
        assert_eq!(object.get("self"), Some(&Value::Bool(true)));
        assert_eq!(GroupRule::from_object(&object).unwrap(), rule);
        let names: Vec<_> = object.attributes().unwrap().keys().cloned().collect();
        let mut fields: Vec<_> = GroupRule::fields().iter().map(|f| f.name.to_owned()).collect();
        fields.sort();
        assert_eq!(names, fields);
    }
}
