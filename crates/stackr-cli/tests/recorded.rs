//! `output`, `show` and `state`: what is recorded, and where secrets are not.

#[path = "support/applied.rs"]
mod applied;
#[path = "support/count.rs"]
mod count;
#[path = "support/net.rs"]
mod net;
#[path = "support/state.rs"]
mod state;
mod support;

use insta::assert_snapshot;
use serde_json::Value as Json;

use applied::applied;
use count::count;
use net::{MAIN, NET, net, result};
use state::state;
use support::done;

#[test]
fn what_is_recorded_can_be_looked_at_and_moved() {
    let env = applied("eu-west-3");
    assert_snapshot!(result(&env, ["output", "net"]), @r#"
    cidrs = [
      "10.0.0.0/24",
      "10.0.1.0/24",
    ]
    owner = (sensitive value)
    vpc_id = "vpc-[ID]"
    "#);
    assert!(env.expect(0, ["output", "net", "vpc_id"]).stdout.starts_with("vpc-"));
    assert_eq!(result(&env, ["output", "net", "cidrs"]), "[\"10.0.0.0/24\",\"10.0.1.0/24\"]\n");
    assert_snapshot!(result(&env, ["output", "net", "--json"]), @r#"
    {"cidrs":{"sensitive":false,"value":["10.0.0.0/24","10.0.1.0/24"]},"owner":{"sensitive":true,"value":null},"vpc_id":{"sensitive":false,"value":"vpc-[ID]"}}
    "#);
    assert_eq!(result(&env, ["output", "net", "vpc_id", "--json"]), "\"vpc-[ID]\"\n");
    assert_snapshot!(env.redacted(&env.stackr(["output", "net", "nope"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: the stack `net` has no output `nope`
      hint: it has: cidrs, owner, vpc_id
    ");
    assert_snapshot!(env.redacted(&env.stackr(["output", "net", "owner"])), @r#"
    exit 0
    --- stdout
    first
    --- stderr
    "#);

    assert_snapshot!(result(&env, ["show", "net", "aws_vpc.main"]), @r#"
    # aws_vpc.main [vpc-[ID]]
    resource "aws_vpc" "main" {
        arn                                  = "arn:aws:ec2:eu-west-3:123456789012:vpc/vpc-[ID]"
        cidr_block                           = "10.0.0.0/16"
        default_network_acl_id               = "acl-[ID]"
        default_route_table_id               = "rtb-[ID]"
        default_security_group_id            = "sg-[ID]"
        dhcp_options_id                      = "default"
        enable_dns_hostnames                 = false
        enable_dns_support                   = true
        enable_network_address_usage_metrics = false
        id                                   = "vpc-[ID]"
        instance_tenancy                     = "default"
        main_route_table_id                  = "rtb-[ID]"
        owner_id                             = "123456789012"
        tags                                 = {
            Name  = "net"
            Owner = (sensitive value)
        }
        tags_all                             = {
            Name  = "net"
            Owner = (sensitive value)
        }
    }
    "#);
    assert_eq!(
        result(&env, ["state", "show", "net", "aws_vpc.main"]),
        result(&env, ["show", "net", "aws_vpc.main"])
    );
    assert_snapshot!(env.redacted(&env.stackr(["show", "net", "aws_vpc.nope"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: nothing is recorded at `aws_vpc.nope`
      hint: `stackr state list net` lists what is
    ");

    assert_eq!(result(&env, ["state", "list", "net"]), "aws_subnet.a[0]\naws_subnet.a[1]\naws_vpc.main\n");
    assert_eq!(result(&env, ["state", "list", "net", "aws_subnet.a"]), "aws_subnet.a[0]\naws_subnet.a[1]\n");
    let pulled: Json =
        serde_json::from_str(&env.expect(0, ["state", "pull", "net"]).stdout).expect("it is JSON");
    assert_eq!((&pulled["format"], &pulled["version"]), (&"stackr-state".into(), &1.into()));

    assert_eq!(result(&env, ["state", "mv", "net", "aws_vpc.main", "aws_vpc.other"]), "moved 1 object\n");
    env.write(MAIN, &NET.replace("\"main\"", "\"other\"").replace("vpc.main", "vpc.other"));
    done(&env, ["plan", "net", "--detailed-exitcode"]);
    assert_eq!(
        result(&env, ["state", "rm", "net", "aws_subnet.a"]),
        "forgot 2 objects; AWS was not touched\n"
    );
    assert_eq!(count("eu-west-3", "subnets"), 2);
    let before = state(&env, "net");
    assert_snapshot!(env.redacted(&env.stackr(["state", "rm", "net", "aws_subnet.a"])), @r#"
    exit 1
    --- stdout
    --- stderr
    error: the state of net (default) has nothing at aws_subnet.a
      hint: `stackr state list net` shows what there is
    "#);
    assert_snapshot!(env.redacted(&env.stackr(["state", "mv", "net", "aws_vpc.main", "aws_vpc.x"])), @r#"
    exit 1
    --- stdout
    --- stderr
    error: the state of net (default) has nothing at aws_vpc.main
      hint: `stackr state list net` shows what there is
    "#);
    assert_eq!(state(&env, "net"), before);
}

#[test]
fn a_secret_is_nowhere_in_the_state() {
    let env = applied("eu-north-1");
    let text = String::from_utf8(state(&env, "net")).expect("it is text");
    assert!(!text.contains("first"), "{text}");
}

#[test]
fn a_stack_without_state_says_so() {
    let env = net("eu-west-1");
    assert_snapshot!(env.redacted(&env.stackr(["output", "net"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: the stack `net` has no state in [ROOT]/project/state/default/net/state.json
      hint: `stackr apply net` makes it; is it the right --env?
    ");
}

#[test]
fn a_sensitive_output_is_made_again_from_the_sources() {
    let env = applied("sa-east-1");
    assert_eq!(result(&env, ["output", "net", "owner"]), "first\n");
    assert_eq!(result(&env, ["output", "net", "owner", "--json"]), "\"first\"\n");
    // With other values than those that were applied, it says so.
    let other = env.expect(0, ["output", "net", "owner", "--var", "owner=second"]);
    assert_eq!(other.stdout, "second\n");
    assert!(other.stderr.contains("which is not what was applied"), "{}", other.stderr);
    // Without what it is made from there is no value, and state has none to give.
    env.write(MAIN, &NET.replace("  default   = \"first\"\n", ""));
    assert_snapshot!(env.redacted(&env.expect(1, ["output", "net", "owner"])), @r#"
    exit 1
    --- stdout
    --- stderr
    error: the output `owner` is sensitive: the state has only a salted hash of its value
      hint: it is made again from its expression as far as variables and recorded objects go; data, and what is a secret of an object, are not recorded: read it from where it comes from
      hint: variables without a value: `owner`; give --var
    "#);
    assert_eq!(result(&env, ["output", "net", "owner", "--var", "owner=first"]), "first\n");
}
