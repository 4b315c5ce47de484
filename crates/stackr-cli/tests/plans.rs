//! What `plan` shows.

#[path = "support/applied.rs"]
mod applied;
#[path = "support/net.rs"]
mod net;
mod support;

use insta::assert_snapshot;

use applied::applied;
use net::{MAIN, NET, net, result};
use support::{done, emulator};

#[test]
fn a_plan_shows_what_is_made_what_is_unknown_and_hides_what_is_secret() {
    let env = net("us-east-1");
    assert_snapshot!(result(&env, ["plan", "net", "--target", "aws_subnet.a[0]"]), @r#"
      # aws_subnet.a[0] will be created
      + resource "aws_subnet" "a" {
          + arn                                            = (known after apply)
          + assign_ipv6_address_on_creation                = false
          + availability_zone                              = "us-east-1a"
          + availability_zone_id                           = (known after apply)
          + cidr_block                                     = "10.0.0.0/24"
          + enable_dns64                                   = false
          + enable_resource_name_dns_a_record_on_launch    = false
          + enable_resource_name_dns_aaaa_record_on_launch = false
          + id                                             = (known after apply)
          + ipv6_cidr_block_association_id                 = (known after apply)
          + ipv6_native                                    = false
          + map_public_ip_on_launch                        = false
          + owner_id                                       = (known after apply)
          + private_dns_hostname_type_on_launch            = (known after apply)
          + vpc_id                                         = (known after apply)
        }

      # aws_vpc.main will be created
      + resource "aws_vpc" "main" {
          + arn                                  = (known after apply)
          + cidr_block                           = "10.0.0.0/16"
          + default_network_acl_id               = (known after apply)
          + default_route_table_id               = (known after apply)
          + default_security_group_id            = (known after apply)
          + dhcp_options_id                      = (known after apply)
          + enable_dns_hostnames                 = false
          + enable_dns_support                   = true
          + enable_network_address_usage_metrics = false
          + id                                   = (known after apply)
          + instance_tenancy                     = "default"
          + main_route_table_id                  = (known after apply)
          + owner_id                             = (known after apply)
          + tags                                 = {
              + "Name"  = "net"
              + "Owner" = (sensitive value)
            }
          + tags_all                             = {
              + "Name"  = "net"
              + "Owner" = (sensitive value)
            }
        }

    Plan: 2 to add, 0 to change, 0 to destroy.

    Changes to Outputs:
      + owner  = (sensitive value)
      + vpc_id = (known after apply)
    "#);
}

#[test]
fn a_plan_shows_what_changes() {
    let env = applied("us-east-2");
    assert_eq!(result(&env, ["plan", "net"]), "No changes. What is declared is what there is.\n");
    // In place, with a secret that changes.
    env.write(MAIN, &NET.replace("Name  = \"net\"", "Name  = \"other\"\n    New   = \"yes\""));
    assert_snapshot!(result(&env, ["plan", "net", "--var", "owner=second"]), @r#"
      # aws_vpc.main will be updated in-place
      ~ resource "aws_vpc" "main" {
          ~ tags     = {
              ~ "Name"  = "net" -> "other"
              + "New"   = "yes"
              ~ "Owner" = (sensitive value)
            }
          ~ tags_all = {
              ~ "Name"  = "net" -> "other"
              + "New"   = "yes"
              ~ "Owner" = (sensitive value)
            }
            # (13 unchanged attributes hidden)
        }

    Plan: 0 to add, 1 to change, 0 to destroy.

    Changes to Outputs:
      ~ owner = (sensitive value)
    "#);
    // By another object.
    env.write(MAIN, NET);
    assert_snapshot!(result(&env, ["plan", "net", "--var", "cidr=10.1.0.0/16"]), @r#"
      # aws_subnet.a[0] must be replaced
    -/+ resource "aws_subnet" "a" {
          ~ cidr_block = "10.0.0.0/24" -> "10.1.0.0/24" # forces replacement
          ~ vpc_id     = "vpc-[ID]" -> (known after apply) # forces replacement
            # (13 unchanged attributes hidden)
        }

      # aws_subnet.a[1] must be replaced
    -/+ resource "aws_subnet" "a" {
          ~ cidr_block = "10.0.1.0/24" -> "10.1.1.0/24" # forces replacement
          ~ vpc_id     = "vpc-[ID]" -> (known after apply) # forces replacement
            # (13 unchanged attributes hidden)
        }

      # aws_vpc.main must be replaced
    -/+ resource "aws_vpc" "main" {
          ~ cidr_block = "10.0.0.0/16" -> "10.1.0.0/16" # forces replacement
            # (14 unchanged attributes hidden)
        }

    Plan: 3 to add, 0 to change, 3 to destroy.

    Changes to Outputs:
      ~ cidrs  = [
          ~ "10.0.0.0/24" -> "10.1.0.0/24"
          ~ "10.0.1.0/24" -> "10.1.1.0/24"
        ]
      ~ vpc_id = "vpc-[ID]" -> (known after apply)
    "#);
    // As asked.
    assert_snapshot!(result(&env, ["plan", "net", "--replace", "aws_subnet.a[1]"]), @r#"
      # aws_subnet.a[1] will be replaced, as requested
    -/+ resource "aws_subnet" "a" {
            # (15 unchanged attributes hidden)
        }

    Plan: 1 to add, 0 to change, 1 to destroy.
    "#);
    // No longer declared.
    env.write(MAIN, &NET.replace("count             = 2", "count             = 1"));
    assert_snapshot!(result(&env, ["plan", "net"]), @r#"
      # aws_subnet.a[1] will be destroyed (it is no longer declared)
      - resource "aws_subnet" "a" {
          - arn                                            = "arn:aws:ec2:us-east-2:123456789012:subnet/subnet-[ID]" -> null
          - assign_ipv6_address_on_creation                = false -> null
          - availability_zone                              = "us-east-2a" -> null
          - availability_zone_id                           = "use2-az1" -> null
          - cidr_block                                     = "10.0.1.0/24" -> null
          - enable_dns64                                   = false -> null
          - enable_resource_name_dns_a_record_on_launch    = false -> null
          - enable_resource_name_dns_aaaa_record_on_launch = false -> null
          - id                                             = "subnet-[ID]" -> null
          - ipv6_native                                    = false -> null
          - map_public_ip_on_launch                        = false -> null
          - owner_id                                       = "123456789012" -> null
          - private_dns_hostname_type_on_launch            = "ip-name" -> null
          - vpc_id                                         = "vpc-[ID]" -> null
        }

    Plan: 0 to add, 0 to change, 1 to destroy.

    Changes to Outputs:
      ~ cidrs = [
          - "10.0.1.0/24" -> null
            # (1 unchanged element hidden)
        ]
    "#);
    // Outputs alone.
    env.write(MAIN, &NET.replace("output \"cidrs\"", "output \"networks\""));
    assert_snapshot!(result(&env, ["plan", "net"]), @r#"

    Changes to Outputs:
      + networks = [
          + "10.0.0.0/24"
          + "10.0.1.0/24"
        ]
      - cidrs    = [
          - "10.0.0.0/24" -> null
          - "10.0.1.0/24" -> null
        ]
    "#);
}

#[test]
fn a_plan_of_a_destroy_shows_what_goes_and_no_secret() {
    let env = applied("us-west-1");
    assert_snapshot!(result(&env, ["plan", "net", "--destroy", "--target", "aws_vpc.main"]), @r#"
      # aws_subnet.a[0] will be destroyed
      - resource "aws_subnet" "a" {
          - arn                                            = "arn:aws:ec2:us-west-1:123456789012:subnet/subnet-[ID]" -> null
          - assign_ipv6_address_on_creation                = false -> null
          - availability_zone                              = "us-west-1a" -> null
          - availability_zone_id                           = "usw1-az3" -> null
          - cidr_block                                     = "10.0.0.0/24" -> null
          - enable_dns64                                   = false -> null
          - enable_resource_name_dns_a_record_on_launch    = false -> null
          - enable_resource_name_dns_aaaa_record_on_launch = false -> null
          - id                                             = "subnet-[ID]" -> null
          - ipv6_native                                    = false -> null
          - map_public_ip_on_launch                        = false -> null
          - owner_id                                       = "123456789012" -> null
          - private_dns_hostname_type_on_launch            = "ip-name" -> null
          - vpc_id                                         = "vpc-[ID]" -> null
        }

      # aws_subnet.a[1] will be destroyed
      - resource "aws_subnet" "a" {
          - arn                                            = "arn:aws:ec2:us-west-1:123456789012:subnet/subnet-[ID]" -> null
          - assign_ipv6_address_on_creation                = false -> null
          - availability_zone                              = "us-west-1a" -> null
          - availability_zone_id                           = "usw1-az3" -> null
          - cidr_block                                     = "10.0.1.0/24" -> null
          - enable_dns64                                   = false -> null
          - enable_resource_name_dns_a_record_on_launch    = false -> null
          - enable_resource_name_dns_aaaa_record_on_launch = false -> null
          - id                                             = "subnet-[ID]" -> null
          - ipv6_native                                    = false -> null
          - map_public_ip_on_launch                        = false -> null
          - owner_id                                       = "123456789012" -> null
          - private_dns_hostname_type_on_launch            = "ip-name" -> null
          - vpc_id                                         = "vpc-[ID]" -> null
        }

      # aws_vpc.main will be destroyed
      - resource "aws_vpc" "main" {
          - arn                                  = "arn:aws:ec2:us-west-1:123456789012:vpc/vpc-[ID]" -> null
          - cidr_block                           = "10.0.0.0/16" -> null
          - default_network_acl_id               = "acl-[ID]" -> null
          - default_route_table_id               = "rtb-[ID]" -> null
          - default_security_group_id            = "sg-[ID]" -> null
          - dhcp_options_id                      = "default" -> null
          - enable_dns_hostnames                 = false -> null
          - enable_dns_support                   = true -> null
          - enable_network_address_usage_metrics = false -> null
          - id                                   = "vpc-[ID]" -> null
          - instance_tenancy                     = "default" -> null
          - main_route_table_id                  = "rtb-[ID]" -> null
          - owner_id                             = "123456789012" -> null
          - tags                                 = {
              - "Name"  = "net" -> null
              - "Owner" = (sensitive value) -> null
            }
          - tags_all                             = {
              - "Name"  = "net" -> null
              - "Owner" = (sensitive value) -> null
            }
        }

    Plan: 0 to add, 0 to change, 3 to destroy.

    Changes to Outputs:
      - cidrs  = [
          - "10.0.0.0/24" -> null
          - "10.0.1.0/24" -> null
        ]
      - owner  = (sensitive value) -> null
      - vpc_id = "vpc-[ID]" -> null
    "#);
}

#[test]
fn a_detailed_exit_code_tells_changes_from_errors() {
    let env = net("eu-west-1");
    done(&env, ["plan", "net"]);
    drop(env.expect(2, ["plan", "net", "--detailed-exitcode"]));
    done(&env, ["apply", "net", "-y"]);
    done(&env, ["plan", "net", "--detailed-exitcode"]);
    drop(env.expect(2, ["plan", "net", "--detailed-exitcode", "--destroy"]));
    drop(env.expect(1, ["plan", "nett", "--detailed-exitcode"]));
    env.write(MAIN, "resource {}");
    drop(env.expect(1, ["plan", "net", "--detailed-exitcode"]));
}

#[test]
fn without_a_refresh_aws_is_not_read() {
    let env = applied("eu-central-1");
    let change = "import boto3; ec2 = boto3.client('ec2', 'eu-central-1')
for vpc in ec2.describe_vpcs(Filters=[{'Name': 'tag:Name', 'Values': ['net']}])['Vpcs']:
    ec2.create_tags(Resources=[vpc['VpcId']], Tags=[{'Key': 'Name', 'Value': 'changed'}])";
    assert!(emulator().python().args(["-c", change]).status().expect("Python runs").success());
    drop(env.expect(2, ["plan", "net", "--detailed-exitcode"]));
    done(&env, ["plan", "net", "--detailed-exitcode", "--refresh=false"]);
}
