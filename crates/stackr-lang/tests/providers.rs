//! Providers: what they are configured with, which block uses which, and what a stack asks of the language.

mod support;

use stackr_core::Declaration as _;
use stackr_lang::Inputs;
use support::{errors, load_files, shown, stack};

#[test]
fn roles_are_assumed_one_after_the_other() {
    let stack = stack(
        r#"
provider "aws" {
  region                   = "eu-west-1"
  sts_region               = "us-east-1"
  use_fips_endpoint        = true
  use_dualstack_endpoint   = true
  shared_config_files      = ["~/a", "b"]
  shared_credentials_files = ["c"]
  max_retries              = 3
  skip_region_validation   = true
  insecure                 = false
  assume_role_with_web_identity {
    role_arn                = "arn:0"
    web_identity_token_file = "token"
    policy_arns             = ["arn:p"]
  }
  assume_role {
    role_arn            = "arn:1"
    duration            = "1h30m"
    policy              = "{}"
    tags                = { Team = "a" }
    transitive_tag_keys = ["Team"]
    source_identity     = "me"
  }
  assume_role {
    role_arn    = "arn:2"
    external_id = "x"
  }
}
"#,
    );
    let providers = stack.providers().expect("it is right");
    let aws = &providers[""];
    let roles: Vec<_> = aws.assume_role.iter().map(|r| (&*r.role_arn, r.session.seconds)).collect();
    assert_eq!(roles, [("arn:1", Some(5400)), ("arn:2", None)]);
    let first = &aws.assume_role[0];
    assert_eq!((first.tags["Team"].as_str(), first.source_identity.as_deref()), ("a", Some("me")));
    assert_eq!(first.transitive_tag_keys, ["Team"]);
    let web = aws.web_identity.as_ref().expect("it is given");
    assert_eq!((&*web.role_arn, web.token_file.as_deref()), ("arn:0", Some("token")));
    assert_eq!(web.session.policy_arns, ["arn:p"]);
    assert!(aws.use_fips_endpoint && aws.use_dualstack_endpoint);
    assert_eq!(
        (&aws.shared_config_files[..], aws.sts_region.as_deref()),
        (&["~/a".into(), "b".into()][..], Some("us-east-1"))
    );
}

#[test]
fn what_would_change_where_calls_go_is_refused_with_the_remedy() {
    let inside = |text: &str| errors(&format!("provider \"aws\" {{\n  {text}\n}}\n"));
    let refused = [
        ("http_proxy = \"http://p\"", "Set the environment variable HTTP_PROXY instead."),
        ("insecure = true", "stackr always checks certificates"),
        ("custom_ca_bundle = \"ca.pem\"", "Add the authority to those of the system."),
        ("ec2_metadata_service_endpoint = \"http://m\"", "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
        (
            "assume_role {\n role_arn = \"a\"\n duration = \"1m\"\n }",
            "A session lasts from 15 minutes to 12 hours",
        ),
        ("assume_role_with_web_identity {\n role_arn = \"a\"\n }", "Give `web_identity_token` or"),
        ("regoin = \"x\"", "`regoin` of the provider is not supported. Did you mean `region`?"),
    ];
    for (text, expected) in refused {
        let found = inside(text);
        assert!(found.contains(expected), "{found}\n{expected}");
    }
    assert_eq!(inside("http_proxy = \"\"\n  custom_ca_bundle = null"), "no error");
}

#[test]
fn a_called_module_may_have_providers_of_its_own() {
    let inner = |call: &str| {
        let main = format!(
            "provider \"aws\" {{ region = \"a\" }}\nmodule \"m\" {{\n  source = \"./m\"\n  region = \"b\"\n{call}}}\n"
        );
        let module = "variable \"region\" {}\nprovider \"aws\" { region = var.region }\nprovider \"aws\" {\n  alias  = \"c\"\n  region = \"c\"\n}\n\
                      resource \"aws_vpc\" \"x\" {}\nresource \"aws_vpc\" \"y\" { provider = aws.c }\nmodule \"n\" { source = \"./n\" }\n";
        let files =
            [("main.tf", &*main), ("m/m.tf", module), ("m/n/n.tf", "resource \"aws_vpc\" \"z\" {}\n")];
        load_files(&files, &Inputs::default()).map_err(|r| shown(&r.diagnostics, &r.sources))
    };
    let stack = inner("").unwrap_or_else(|why| panic!("{why}"));
    let keys: Vec<_> = stack.blocks().iter().map(|b| (b.key.name.as_str(), b.provider.as_str())).collect();
    assert_eq!(keys, [("x", "module.m/"), ("y", "module.m/c"), ("z", "module.m/")]);
    let providers = stack.providers().expect("it is right");
    let regions: Vec<_> =
        providers.iter().map(|(key, p)| (key.as_str(), p.region.as_deref().unwrap_or(""))).collect();
    assert_eq!(regions, [("", "a"), ("module.m/", "b"), ("module.m/c", "c")]);
    let why = inner("  count = 2\n").err().unwrap_or_default();
    assert!(why.contains("cannot have `count`, `for_each` or `depends_on`"), "{why}");
    let why = inner("  providers = { aws.c = aws }\n").err().unwrap_or_default();
    assert!(why.contains("has this configuration itself"), "{why}");
}

#[test]
fn what_a_module_must_be_given_is_asked_for() {
    let call = |providers: &str| {
        let main = format!(
            "provider \"aws\" {{ alias = \"w\" }}\nmodule \"m\" {{\n  source = \"./m\"\n{providers}}}\n"
        );
        let module = "terraform {\n  required_providers {\n    aws = {\n      source                = \"hashicorp/aws\"\n      version = \">= 5\"\n      \
                      configuration_aliases = [aws.west]\n    }\n  }\n}\nprovider \"aws\" { alias = \"west\" }\nresource \"aws_vpc\" \"x\" { provider = aws.west }\n";
        load_files(&[("main.tf", &*main), ("m/m.tf", module)], &Inputs::default())
            .map(|stack| stack.blocks()[0].provider.clone())
            .map_err(|r| shown(&r.diagnostics, &r.sources))
    };
    assert_eq!(call("  providers = { aws.west = aws.w }\n"), Ok("w".to_owned()));
    let why = call("").err().unwrap_or_default();
    assert!(why.contains("The module `m` needs a provider: say `providers = { aws.west = aws }`."), "{why}");
}

#[test]
fn a_stack_for_another_language_or_provider_is_refused() {
    let settings = |text: &str, rest: &str| errors(&format!("terraform {{\n{text}\n}}\n{rest}\n"));
    let found = settings("  required_version = \"~> 1.10.0\"", "");
    assert!(
        found.contains("stackr speaks the language of Terraform 1.11, and `~> 1.10.0` does not allow"),
        "{found}"
    );
    assert!(settings("  required_version = \"new\"", "").contains("`new` is no version constraint."));
    let other = "  required_providers {\n    dd = { source = \"DataDog/datadog\" }\n    aws = { source = \"hashicorp/aws\", version = \"~> 4.0\" }\n  }";
    assert_eq!(settings(other, ""), "no error");
    let found = settings(other, "resource \"dd_monitor\" \"x\" {}\nresource \"dd_user\" \"y\" {}");
    assert!(found.contains("`dd_monitor.x`, `dd_user.y` needs the provider `DataDog/datadog`"), "{found}");
}

#[test]
fn what_is_ephemeral_is_sealed_and_is_no_output_of_a_stack() {
    assert!(
        errors("output \"x\" {\n  value = 1\n  ephemeral = true\n}").contains("so they cannot be ephemeral")
    );
    let text = "variable \"v\" {\n  default = \"s\"\n  ephemeral = true\n}\noutput \"x\" { value = var.v }\n";
    let stack = stack(text);
    let why = stack.outputs(&support::Values::default()).expect_err("it would be shown");
    assert!(why.to_string().contains("sensitive output"), "{why}");
    assert!(
        errors("ephemeral \"aws_x\" \"y\" {}")
            .contains("`ephemeral` blocks are not supported yet. Read the value with a data source")
    );
}
