//! Route table association: which route table a subnet or gateway uses.
//!
//! Facts about the API that shape this file:
//! - replacing the table in place gives the association another id, so an association is called by its subnet or
//!   gateway, which has at most one: `subnet-1/rtb-1`, the provider's import id. Only the part before the slash
//!   identifies it; the other is the table it was made with;
//! - replacing rather than making it anew leaves the subnet on the main table at no moment;
//! - a subnet that has one already is refused (`Resource.AlreadyAssociated`); there are no tags and no tokens.

use aws_sdk_ec2::types::{
    RouteTable as DescribedTable, RouteTableAssociation as Described, RouteTableAssociationState,
    RouteTableAssociationStateCode,
};
use stackr_core::{
    Args, Create, Created, Delete, ErrorKind, Find, Gone, Id, Outputs, Resource, Result, Seen, Status,
    Update, Value, Waits, need,
};

use super::{Ec2, routing, text};

/// A route table association.
pub struct RouteTableAssociation;

/// A route table association: which route table a subnet or gateway uses. Give a subnet or a gateway.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RouteTableAssociationArgs {
    /// The subnet.
    #[arg(replace)]
    pub subnet_id: Option<String>,
    /// The internet gateway or virtual private gateway.
    #[arg(replace)]
    pub gateway_id: Option<String>,
    /// The table it uses.
    pub route_table_id: String,
}

/// What AWS gives an association.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RouteTableAssociationOutputs {
    /// The association's id, another one after each change of the table: `rtbassoc-…`.
    pub id: String,
}

impl Resource for RouteTableAssociation {
    const TYPE: &'static str = "aws_route_table_association";
    const WAITS: Waits = Waits::minutes(5, 5).gone(Gone::AtOnce);
    type Cloud = Ec2;
    type Args = RouteTableAssociationArgs;
    type Outputs = RouteTableAssociationOutputs;

    fn id_of(attributes: &Value) -> Option<Id> {
        let text = |name| attributes.get(name).and_then(Value::to_text).filter(|text| !text.is_empty());
        Some(format!("{}/{}", text("subnet_id").or_else(|| text("gateway_id"))?, text("route_table_id")?))
    }

    async fn create(ec2: &Ec2, req: Create<'_, RouteTableAssociationArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let create = ec2
            .client
            .associate_route_table()
            .route_table_id(&args.route_table_id)
            .set_subnet_id(args.subnet_id.clone())
            .set_gateway_id(args.gateway_id.clone());
        let made = ec2.call("AssociateRouteTable", create.send()).await?;
        let seen = Seen {
            status: status(made.association_state()),
            args: args.clone(),
            outputs: RouteTableAssociationOutputs { id: need(made.association_id(), "AssociationId")? },
        };
        Ok(Created::seen(id_of(args), seen))
    }

    async fn read(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        // Most are still where they were made; the others are looked for by what they are of.
        let made_with = ids.iter().filter_map(|id| id.split_once('/')).map(|(_, table)| table.to_owned());
        let mut tables: Vec<_> = ec2.gather::<routing::Tables>(made_with).await?.into_values().collect();
        let elsewhere = ids.iter().map(|id| member(id)).filter(|member| pick(&tables, member).is_none());
        let (subnets, gateways): (Vec<_>, Vec<_>) =
            elsewhere.map(str::to_owned).partition(|member| member.starts_with("subnet-"));
        let (of_subnets, of_gateways) = futures::try_join!(
            routing::tables(ec2, "association.subnet-id", &subnets),
            routing::tables(ec2, "association.gateway-id", &gateways),
        )?;
        tables.extend(of_subnets.into_iter().chain(of_gateways));
        ids.iter().map(|id| pick(&tables, member(id)).map(seen).transpose()).collect()
    }

    async fn update(ec2: &Ec2, req: Update<'_, Self>) -> Result<()> {
        let replace = ec2
            .client
            .replace_route_table_association()
            .association_id(&req.seen.outputs.id)
            .route_table_id(&req.want.route_table_id);
        ec2.call("ReplaceRouteTableAssociation", replace.send()).await?;
        Ok(())
    }

    async fn delete(ec2: &Ec2, req: Delete<'_, Self>) -> Result<()> {
        match disassociate(ec2, &req.outputs.id).await {
            // The recorded id may be that from before the last replacement.
            Err(error) if error.kind() == ErrorKind::NotFound => match current(ec2, member(req.id)).await? {
                Some(now) => disassociate(ec2, &now.outputs.id).await,
                None => Ok(()),
            },
            answer => answer,
        }
    }

    /// An association carries no mark of whose it is: it is taken for ours only if its table is the wanted one.
    async fn find(ec2: &Ec2, req: Find<'_, RouteTableAssociationArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let id = id_of(args);
        let found = current(ec2, member(&id)).await?;
        Ok(found.filter(|found| found.args.route_table_id == args.route_table_id).map(|_| id))
    }
}

/// What an association is called here.
fn id_of(args: &RouteTableAssociationArgs) -> Id {
    let member = args.subnet_id.as_deref().or(args.gateway_id.as_deref()).unwrap_or_default();
    format!("{member}/{}", args.route_table_id)
}

/// The subnet or gateway in an id.
fn member(id: &str) -> &str {
    id.split_once('/').map_or(id, |(member, _)| member)
}

/// Ends an association.
async fn disassociate(ec2: &Ec2, association: &str) -> Result<()> {
    let request = ec2.client.disassociate_route_table().association_id(association);
    ec2.call("DisassociateRouteTable", request.send()).await.map(drop)
}

/// The association that a subnet or gateway has now.
async fn current(ec2: &Ec2, member: &str) -> Result<Option<Seen<RouteTableAssociation>>> {
    let id = [member.to_owned()];
    Ok(RouteTableAssociation::read(ec2, &id).await?.pop().flatten())
}

/// The association of a subnet or gateway.
fn pick<'a>(tables: &'a [DescribedTable], member: &str) -> Option<&'a Described> {
    let of = |association: &&Described| {
        association.subnet_id() == Some(member) || association.gateway_id() == Some(member)
    };
    let ended = |association: &Described| {
        let state = association.association_state().and_then(RouteTableAssociationState::state);
        state == Some(&RouteTableAssociationStateCode::Disassociated)
    };
    tables.iter().flat_map(DescribedTable::associations).find(|a| of(a) && !ended(a))
}

/// How an association is doing.
fn status(state: Option<&RouteTableAssociationState>) -> Status {
    let code = state.and_then(RouteTableAssociationState::state);
    match code {
        Some(RouteTableAssociationStateCode::Failed) => {
            let why = state.and_then(RouteTableAssociationState::status_message);
            Status::Failed(why.unwrap_or("failed").to_owned())
        }
        Some(RouteTableAssociationStateCode::Disassociated) => Status::Gone,
        Some(leaving @ RouteTableAssociationStateCode::Disassociating) => {
            Status::Leaving(leaving.as_str().to_owned())
        }
        None | Some(RouteTableAssociationStateCode::Associated) => Status::Ready,
        Some(other) => Status::Pending(other.as_str().to_owned()),
    }
}

/// What AWS says about one association, in our words.
fn seen(association: &Described) -> Result<Seen<RouteTableAssociation>> {
    Ok(Seen {
        status: status(association.association_state()),
        args: RouteTableAssociationArgs {
            subnet_id: text(association.subnet_id()),
            gateway_id: text(association.gateway_id()),
            route_table_id: need(association.route_table_id(), "RouteTableId")?,
        },
        outputs: RouteTableAssociationOutputs {
            id: need(association.route_table_association_id(), "RouteTableAssociationId")?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(id: &str, subnet: &str, state: RouteTableAssociationStateCode) -> DescribedTable {
        let state = RouteTableAssociationState::builder().state(state).status_message("why").build();
        let association = Described::builder()
            .route_table_association_id(format!("rtbassoc-{id}"))
            .route_table_id(id)
            .subnet_id(subnet)
            .association_state(state);
        let main = Described::builder().main(true).route_table_id(id).build();
        DescribedTable::builder().associations(main).associations(association.build()).build()
    }

    #[test]
    fn an_association_is_found_by_its_subnet_after_its_table_was_replaced() {
        let tables = [
            table("rtb-1", "subnet-1", RouteTableAssociationStateCode::Disassociated),
            table("rtb-2", "subnet-1", RouteTableAssociationStateCode::Associated),
        ];
        let found = seen(pick(&tables, member("subnet-1/rtb-1")).unwrap()).unwrap();
        assert_eq!(found.args.route_table_id, "rtb-2");
        assert_eq!((found.outputs.id.as_str(), found.status), ("rtbassoc-rtb-2", Status::Ready));
        assert!(pick(&tables, "subnet-2").is_none());
    }

    #[test]
    fn a_failed_association_says_why() {
        let table = table("rtb-1", "subnet-1", RouteTableAssociationStateCode::Failed);
        assert_eq!(seen(&table.associations()[1]).unwrap().status, Status::Failed("why".to_owned()));
    }

    #[test]
    fn another_subnet_is_another_association_and_another_table_is_not() {
        use stackr_core::Block as _;
        let fields = RouteTableAssociationArgs::fields();
        let kept: Vec<_> = fields.iter().filter(|f| !f.replace).map(|f| f.name).collect();
        assert_eq!(kept, ["route_table_id"]);
    }
}
