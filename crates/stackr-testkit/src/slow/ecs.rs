//! Services of ECS: they become steady, and drain.

use std::{collections::BTreeMap, time::Instant};

use serde_json::{Value, json as value};

use super::{
    Asked, Life, Slow, Time, each_with,
    hold::{Holds, held_in},
    json,
};
use crate::{document::Document, message::Response, refusal::refused};

const TYPE: &str = "aws_ecs_service";

/// What a change of begins a deployment.
const DEPLOYS: [&str; 5] =
    ["taskDefinition", "forceNewDeployment", "networkConfiguration", "loadBalancers", "serviceRegistries"];

/// The services, by their ARN; `born` is when the last deployment began.
#[derive(Debug, Default)]
pub(super) struct Services(BTreeMap<String, Life>);

/// The last part of an ARN, or a name as it is.
fn name(of: &Value) -> &str {
    of.as_str().unwrap_or("default").rsplit('/').next().unwrap_or_default()
}

impl Services {
    pub(super) fn note(
        &mut self,
        asked: Asked<'_>,
        response: &Response,
        slow: Slow,
        holds: &mut Holds,
        now: Instant,
    ) {
        if asked.call.service != "ecs" {
            return;
        }
        let answer = json(&response.body);
        let Some(arn) = answer["service"]["serviceArn"].as_str() else { return };
        match asked.call.operation.as_str() {
            "CreateService" => {
                holds.hold(arn, held_in(&asked.request.text(), false));
                self.0.insert(arn.to_owned(), Life::new(now));
            }
            "UpdateService" => {
                let asks = json(&asked.request.body);
                if DEPLOYS.iter().any(|field| !asks[*field].is_null())
                    && let Some(life) = self.0.get_mut(arn)
                {
                    life.born = now;
                }
            }
            "DeleteService" => {
                if let Some(life) = self.0.get_mut(arn) {
                    life.leaving.get_or_insert(now);
                    holds.release(arn, now + slow.of(Time::of(TYPE).delete));
                }
            }
            _ => {}
        }
    }

    pub(super) fn refusal(&self, asked: Asked<'_>, slow: Slow, now: Instant) -> Option<Response> {
        let creates = asked.is("ecs", "CreateService");
        if !creates && !asked.is("ecs", "DeleteCluster") {
            return None;
        }
        let asks = json(&asked.request.body);
        let mut draining =
            self.0.iter().filter(|(_, life)| life.is_leaving(slow.of(Time::of(TYPE).delete), now));
        // …:service/CLUSTER/NAME
        let end = format!("/{}/{}", name(&asks["cluster"]), name(&asks["serviceName"]));
        let within = format!("/{}/", name(&asks["cluster"]));
        if creates {
            let message = "Unable to Start a service that is still Draining.";
            let again = draining.any(|(arn, _)| arn.ends_with(&end));
            return again.then(|| refused(asked.call, 400, "InvalidParameterException", message));
        }
        let message = "The Cluster cannot be deleted while Tasks are active.";
        let busy = draining.any(|(arn, _)| arn.contains(&within));
        busy.then(|| refused(asked.call, 400, "ClusterContainsTasksException", message))
    }

    pub(super) fn filter(&self, asked: Asked<'_>, document: &mut Document, slow: Slow, now: Instant) -> bool {
        let (Document::Json(body), "ecs") = (document, asked.call.service.as_str()) else { return false };
        let (time, mut changed) = (Time::of(TYPE), false);
        each_with(body, "serviceArn", &mut |service| {
            let life = service.get("serviceArn").and_then(Value::as_str).and_then(|arn| self.0.get(arn));
            let Some(life) = life else { return };
            if life.is_leaving(slow.of(time.delete), now) {
                service.insert("status".to_owned(), value!("DRAINING"));
                changed = true;
            } else if life.leaving.is_none() && life.is_young(slow.of(time.steady), now) {
                deploying(service);
                changed = true;
            }
        });
        changed
    }
}

/// The service as it is while none of the tasks of its first deployment runs.
fn deploying(service: &mut serde_json::Map<String, Value>) {
    let desired = service.get("desiredCount").cloned().unwrap_or(value!(0));
    let counts = [("runningCount", value!(0)), ("pendingCount", desired)];
    for (field, count) in &counts {
        service.insert((*field).to_owned(), count.clone());
    }
    for deployment in service.get_mut("deployments").and_then(Value::as_array_mut).into_iter().flatten() {
        if deployment["status"] == "PRIMARY"
            && let Some(deployment) = deployment.as_object_mut()
        {
            deployment.extend(counts.iter().map(|(field, count)| ((*field).to_owned(), count.clone())));
            deployment.insert("rolloutState".to_owned(), value!("IN_PROGRESS"));
        }
    }
}
