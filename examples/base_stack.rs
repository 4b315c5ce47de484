//! The stack of `stacks/base` in typed Rust: loops are loops, and the compiler checks arguments and references.
//!
//! Names and keys are those of the `.tf` files, so that both have one and the same plan, and either may go on with the
//! state of the other.

use std::collections::BTreeMap;

use ipnet::{Ipv4Net, PrefixLenError};
use serde_json::json;
use stackr::{
    Handle, Input, Lifecycle, Lookup as _, ProviderConfig, Ref, ResourceExt as _, Stack,
    acm::{Certificate, CertificateValidation},
    concat,
    ec2::{
        AvailabilityZones, Eip, InternetGateway, NatGateway, Route, RouteTable, RouteTableAssociation,
        RouteTableRoute, SecurityGroup, SecurityGroupOutputs, Subnet, SubnetOutputs, Vpc, VpcOutputs,
        VpcSecurityGroupEgressRule, VpcSecurityGroupIngressRule, ZoneFilter,
    },
    ecr::{ImageScanning, LifecyclePolicy, Repository, RepositoryPolicy},
    elbv2::LoadBalancer,
    iam::{PolicyCondition, PolicyDocument, PolicyDocumentOutputs, PolicyPrincipal, PolicyStatement},
    route53::{Record, Zone},
    sts::{CallerIdentity, Partition},
};

/// What differs from environment to environment: the variables of `stacks/base`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Region of everything.
    pub region: String,
    /// First part of every name.
    pub project: String,
    /// Second part of every name.
    pub environment: String,
    /// Address range of the VPC; each subnet takes a 256th of it.
    pub range: Ipv4Net,
    /// One NAT gateway for all zones instead of one per zone.
    pub single_nat_gateway: bool,
    /// Domain of the hosted zone and the certificate.
    pub domain: String,
    /// The port of each service.
    pub services: BTreeMap<String, i32>,
    /// ARNs that may push images; the account itself if empty.
    pub image_push_principals: Vec<String>,
    /// Refuse to delete the load balancer, and repositories that still hold images.
    pub deletion_protection: bool,
}

impl Settings {
    fn name(&self) -> String {
        format!("{}-{}", self.project, self.environment)
    }
}

/// What is slow to make and therefore kept: network, image registry, zone, certificate and load balancer.
///
/// # Errors
/// The VPC's range is too small to be divided.
pub fn base(settings: &Settings) -> Result<Stack, PrefixLenError> {
    let mut stack = Stack::new("base");
    let tags = [
        ("Project", settings.project.as_str()),
        ("Environment", &settings.environment),
        ("ManagedBy", "stackr"),
        ("Scope", "base"),
    ];
    stack.provider(ProviderConfig {
        region: Some(settings.region.clone()),
        default_tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ..ProviderConfig::default()
    });
    let (vpc, public) = network(&mut stack, settings)?;
    let group = firewall(&mut stack, settings, &vpc);
    load_balancer(&mut stack, settings, &group, &public);
    registry(&mut stack, settings);
    names(&mut stack, settings);
    Ok(stack)
}

fn tagged(name: &str) -> [(&'static str, String); 1] {
    [("Name", name.to_owned())]
}

/// Two public and two private subnets in two zones. Public subnets reach the internet through the internet gateway,
/// private ones through NAT.
fn network(
    stack: &mut Stack,
    settings: &Settings,
) -> Result<(Handle<VpcOutputs>, Vec<Handle<SubnetOutputs>>), PrefixLenError> {
    const ZONES: usize = 2;
    let name = settings.name();
    let ranges: Vec<_> = settings.range.subnets(settings.range.prefix_len() + 8)?.collect();

    // Local and wavelength zones have to be opted into, and lack most services.
    let opted = ZoneFilter::block().name("opt-in-status").values(["opt-in-not-required"]);
    let zones = stack.look_up("available", AvailabilityZones::query().state("available").filter([opted]));

    let vpc = Vpc::args().cidr_block(settings.range.to_string());
    let vpc = vpc.enable_dns_support(true).enable_dns_hostnames(true).tags(tagged(&name));
    let vpc = stack.add("main", vpc);

    let mut subnets = |tier: &str, first: usize| -> Vec<_> {
        let subnet = |i: usize| {
            let args = Subnet::args()
                .vpc_id(&vpc.id)
                .cidr_block(ranges[first + i].to_string())
                .availability_zone(zones.names.at(i))
                .map_public_ip_on_launch(tier == "public")
                .tags([("Name", format!("{name}-{tier}-{}", i + 1)), ("Tier", tier.to_owned())]);
            stack.add((tier, i), args)
        };
        (0..ZONES).map(subnet).collect()
    };
    let public = subnets("public", 1);
    let private = subnets("private", 11);

    let gateway = stack.add("main", InternetGateway::args().vpc_id(&vpc.id).tags(tagged(&name)));
    let table = RouteTable::args()
        .vpc_id(&vpc.id)
        .route([RouteTableRoute::block().cidr_block("0.0.0.0/0").gateway_id(&gateway.id)])
        .tags(tagged(&format!("{name}-public")));
    let table = stack.add("public", table);
    for (i, subnet) in public.iter().enumerate() {
        let association = RouteTableAssociation::args().subnet_id(&subnet.id).route_table_id(&table.id);
        stack.add(("public", i), association);
    }

    let (mut addresses, mut tables) = (Vec::new(), Vec::new());
    for (i, subnet) in public.iter().take(if settings.single_nat_gateway { 1 } else { ZONES }).enumerate() {
        let tags = |what: &str| tagged(&format!("{name}-{what}{}", i + 1));
        let ip = stack.add(("nat", i), Eip::args().domain("vpc").tags(tags("nat-")));
        let nat = NatGateway::args().allocation_id(&ip.id).subnet_id(&subnet.id).tags(tags(""));
        let nat = stack.add(("main", i), nat);
        // A public address needs the gateway while it is in use, which no argument says.
        stack.after(&ip, &gateway);
        stack.after(&nat, &gateway);

        let table = RouteTable::args().vpc_id(&vpc.id).tags(tags("private-"));
        let table = stack.add(("private", i), table);
        let route = Route::args().route_table_id(&table.id).destination_cidr_block("0.0.0.0/0");
        stack.add(("private_internet", i), route.nat_gateway_id(&nat.id));
        addresses.push(ip.public_ip.clone());
        tables.push(table);
    }
    // With a single NAT gateway all zones share its route table.
    for ((i, subnet), table) in private.iter().enumerate().zip(tables.iter().cycle()) {
        let association = RouteTableAssociation::args().subnet_id(&subnet.id).route_table_id(&table.id);
        stack.add(("private", i), association);
    }

    let ids = |subnets: &[Handle<SubnetOutputs>]| subnets.iter().map(|s| s.id.clone()).collect::<Vec<_>>();
    stack.output("vpc_id", &vpc.id);
    stack.output("public_subnet_ids", ids(&public));
    stack.output("private_subnet_ids", ids(&private));
    stack.output("nat_public_ips", addresses);
    Ok((vpc, public))
}

/// The internet reaches the load balancer, the load balancer reaches the services, and services reach each other;
/// nothing else comes in. Gives the load balancer's group.
fn firewall(
    stack: &mut Stack,
    settings: &Settings,
    vpc: &Handle<VpcOutputs>,
) -> Handle<SecurityGroupOutputs> {
    let name = settings.name();
    let mut group = |which: &str, description: &str| {
        let full = format!("{name}-{which}");
        let group = SecurityGroup::args().name(&full).description(description).vpc_id(&vpc.id);
        stack.add(which, group.tags(tagged(&full)))
    };
    let alb = group("alb", "Load balancer: HTTP and HTTPS from anywhere");
    let services = group("services", "Containers: requests from the load balancer and from each other");
    let ingress = VpcSecurityGroupIngressRule::args;
    let egress = VpcSecurityGroupEgressRule::args;

    for (protocol, port) in [("http", 80), ("https", 443)] {
        let rule = ingress().security_group_id(&alb.id).cidr_ipv4("0.0.0.0/0").ip_protocol("tcp");
        let rule = rule.description(format!("{} from anywhere", protocol.to_uppercase()));
        let rule = rule.from_port(port).to_port(port).tags(tagged(&format!("{name}-alb-{protocol}")));
        stack.add(("alb", protocol), rule);
    }

    // Requests and health checks.
    let mut rule = egress().security_group_id(&alb.id).referenced_security_group_id(&services.id);
    if let (Some(first), Some(last)) = (settings.services.values().min(), settings.services.values().max()) {
        rule = rule.ip_protocol("tcp").from_port(*first).to_port(*last);
    }
    stack.add("alb_to_services", rule.tags(tagged(&format!("{name}-alb-to-services"))));

    for (service, port) in &settings.services {
        let rule = ingress().security_group_id(&services.id).referenced_security_group_id(&alb.id);
        let rule = rule.ip_protocol("tcp").from_port(*port).to_port(*port);
        stack.add(("service_from_alb", service), rule.tags(tagged(&format!("{name}-alb-to-{service}"))));
    }
    let rule = ingress().security_group_id(&services.id).referenced_security_group_id(&services.id);
    let rule = rule.ip_protocol("-1").tags(tagged(&format!("{name}-services-to-services")));
    stack.add("service_from_service", rule);
    let rule = egress().security_group_id(&services.id).cidr_ipv4("0.0.0.0/0").ip_protocol("-1");
    let rule = rule.description("Image registry, logs and the world, through NAT");
    stack.add("services_to_anywhere", rule.tags(tagged(&format!("{name}-services-to-anywhere"))));

    stack.output("services_security_group_id", &services.id);
    alb
}

/// The load balancer without listeners: those belong to runtime, so that an environment that is switched off keeps its
/// address and its DNS name.
fn load_balancer(
    stack: &mut Stack,
    settings: &Settings,
    group: &Handle<SecurityGroupOutputs>,
    subnets: &[Handle<SubnetOutputs>],
) {
    let name = settings.name();
    let args = LoadBalancer::args()
        .name(&name)
        .internal(false)
        .load_balancer_type("application")
        .security_groups([&group.id])
        .subnets(subnets.iter().map(|subnet| &subnet.id).collect::<Vec<_>>())
        .idle_timeout(60)
        .drop_invalid_header_fields(true)
        .enable_deletion_protection(settings.deletion_protection)
        .tags(tagged(&name));
    let balancer = stack.add("main", args);
    stack.output("load_balancer_arn", &balancer.arn);
    stack.output("load_balancer_dns_name", &balancer.dns_name);
    stack.output("load_balancer_zone_id", &balancer.zone_id);
}

/// One image repository per service.
fn registry(stack: &mut Stack, settings: &Settings) {
    let policy = registry_policy(stack, settings);
    let lifecycle = json!({
        "rules": [
            {
                "rulePriority": 1,
                "description": "Remove untagged images after 7 days",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 7,
                },
                "action": { "type": "expire" },
            },
            {
                "rulePriority": 2,
                "description": "Keep the last 10 images",
                "selection": { "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10 },
                "action": { "type": "expire" },
            },
        ],
    });
    let mut urls = BTreeMap::new();
    for service in settings.services.keys() {
        let repository = Repository::args()
            .name(format!("{}-{service}", settings.name()))
            .image_tag_mutability("MUTABLE")
            .force_delete(!settings.deletion_protection)
            .image_scanning_configuration(ImageScanning::block().scan_on_push(true));
        let repository = stack.add(("service", service), repository);
        let name: Ref<String> = repository.arg("name");
        let expiry = LifecyclePolicy::args().repository(&name).policy(lifecycle.clone());
        stack.add(("service", service), expiry);
        stack.add(("service", service), RepositoryPolicy::args().repository(&name).policy(&policy.json));
        urls.insert(service.clone(), repository.repository_url.clone());
    }
    stack.output("repository_urls", urls);
}

/// Who may push and pull images.
fn registry_policy(stack: &mut Stack, settings: &Settings) -> Handle<PolicyDocumentOutputs> {
    const PULL: [&str; 3] =
        ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    const PUSH: [&str; 4] =
        ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"];
    let caller = stack.look_up("current", CallerIdentity::query());
    let partition = stack.look_up("current", Partition::query());

    let mut pushers: Vec<Input<String>> = settings.image_push_principals.iter().map(Input::from).collect();
    if pushers.is_empty() {
        let arn = concat().push("arn:").push(&partition.partition).push(":iam::").push(&caller.account_id);
        pushers.push(arn.push(":root").into());
    }
    let push = PolicyStatement::block()
        .sid("Push")
        .effect("Allow")
        .principals([PolicyPrincipal::block().r#type("AWS").identifiers(pushers)])
        .actions([PULL.as_slice(), &PUSH].concat());
    let here = PolicyCondition::block().test("StringEquals").variable("aws:SourceAccount");
    let pull = PolicyStatement::block()
        .sid("Pull")
        .effect("Allow")
        .principals([PolicyPrincipal::block().r#type("Service").identifiers(["ecs-tasks.amazonaws.com"])])
        .actions(PULL)
        .condition([here.values([&caller.account_id])]);
    stack.look_up("registry", PolicyDocument::query().statement([push, pull]))
}

/// The zone and a certificate for it, validated by DNS. After the first apply, delegate the domain to the zone's name
/// servers: validation waits for that.
fn names(stack: &mut Stack, settings: &Settings) {
    let domain = &settings.domain;
    let wildcard = format!("*.{domain}");
    let comment = format!("{}: public zone", settings.name());
    let zone = stack.add("main", Zone::args().name(domain).comment(comment));
    let certificate = Certificate::args()
        .domain_name(domain)
        .subject_alternative_names([&wildcard])
        .validation_method("DNS")
        .tags(tagged(&settings.name()));
    let certificate = stack.add("main", certificate);
    // A listener uses the certificate: the next one has to exist before the last one can go.
    stack.lifecycle(&certificate, Lifecycle { create_before_destroy: true, ..Lifecycle::default() });

    // The domain and its wildcard are proved by one and the same record, so it is written twice; allow_overwrite lets
    // the second writer find it there.
    let mut fqdns = Vec::new();
    for proved in [domain, &wildcard] {
        let option = certificate.domain_validation_options.find("domain_name", proved.as_str());
        let record = Record::args()
            .zone_id(&zone.zone_id)
            .name(option.get::<String>("resource_record_name"))
            .r#type(option.get::<String>("resource_record_type"))
            .records([option.get::<String>("resource_record_value")])
            .ttl(60)
            .allow_overwrite(true);
        fqdns.push(stack.add(("validation", proved), record).fqdn.clone());
    }
    let validation = CertificateValidation::args().certificate_arn(&certificate.arn);
    let validation = stack.add("main", validation.validation_record_fqdns(fqdns));

    stack.output("zone_id", &zone.zone_id);
    stack.output("domain_name", zone.arg::<String>("name"));
    stack.output("name_servers", &zone.name_servers);
    // By way of the validation, so that nobody can use the certificate before it is issued.
    stack.output("certificate_arn", validation.arg::<String>("certificate_arn"));
}
