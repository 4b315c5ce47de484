//! Actions of listeners and rules: what happens to a request.
//!
//! Facts about the API that shape this file:
//! - forwarding to one target group comes back both as `TargetGroupArn` and as `ForwardConfig`;
//! - a redirect comes back with every part filled in;
//! - the client secret of OIDC never comes back.

use aws_sdk_elasticloadbalancingv2::types::{
    Action as Described, ActionTypeEnum, AuthenticateCognitoActionConditionalBehaviorEnum as CognitoElse,
    AuthenticateCognitoActionConfig as CognitoConfig,
    AuthenticateOidcActionConditionalBehaviorEnum as OidcElse, AuthenticateOidcActionConfig as OidcConfig,
    FixedResponseActionConfig, ForwardActionConfig, RedirectActionConfig, RedirectActionStatusCodeEnum,
    TargetGroupStickinessConfig, TargetGroupTuple,
};
use stackr_core::{Block, Set, Tags};

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct Action {
    /// `forward`, `redirect`, `fixed-response`, `authenticate-cognito` or `authenticate-oidc`.
    pub r#type: String,
    /// Place among the actions: 1 to 50000.
    #[arg(computed)]
    pub order: Option<i64>,
    /// Target group that requests are forwarded to, where it is one.
    #[arg(computed)]
    pub target_group_arn: Option<String>,
    /// Target groups that requests are forwarded to, where they are several.
    #[arg(block, computed)]
    pub forward: Option<Forward>,
    /// Where a redirect leads.
    #[arg(block)]
    pub redirect: Option<Redirect>,
    /// What is answered.
    #[arg(block)]
    pub fixed_response: Option<FixedResponse>,
    /// Sign-in by Amazon Cognito.
    #[arg(block)]
    pub authenticate_cognito: Option<AuthenticateCognito>,
    /// Sign-in by OpenID Connect.
    #[arg(block)]
    pub authenticate_oidc: Option<AuthenticateOidc>,
}

/// Target groups that share the requests.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct Forward {
    /// One to five target groups.
    #[arg(block, required)]
    pub target_group: Set<WeightedTargetGroup>,
    /// Whether a client stays with its target group.
    #[arg(block, computed)]
    pub stickiness: Option<ForwardStickiness>,
}

/// A target group and its share.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct WeightedTargetGroup {
    /// The target group.
    pub arn: String,
    /// Its share of the requests against the others': 0 to 999.
    #[arg(default = 1)]
    pub weight: i64,
}

/// How long a client stays with its target group.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ForwardStickiness {
    /// Whether it does.
    #[arg(default = false)]
    pub enabled: bool,
    /// Seconds: 1 to 604800.
    #[arg(required, unread)]
    pub duration: Option<i64>,
}

/// Where a redirect leads. Parts that are left out stay as in the request.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct Redirect {
    /// `HTTP_301` (for ever) or `HTTP_302` (for now).
    pub status_code: String,
    /// Protocol.
    #[arg(default = "#{protocol}")]
    pub protocol: String,
    /// Port.
    #[arg(default = "#{port}")]
    pub port: String,
    /// Host.
    #[arg(default = "#{host}")]
    pub host: String,
    /// Path, beginning with a slash.
    #[arg(default = "/#{path}")]
    pub path: String,
    /// Query, without the question mark.
    #[arg(default = "#{query}")]
    pub query: String,
}

/// An answer without a target.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct FixedResponse {
    /// `text/plain`, `text/css`, `text/html`, `application/javascript` or `application/json`.
    pub content_type: String,
    /// The answer: at most 1024 characters.
    pub message_body: Option<String>,
    /// Its status: 2XX, 4XX or 5XX.
    #[arg(computed)]
    pub status_code: Option<String>,
}

/// Sign-in by Amazon Cognito.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct AuthenticateCognito {
    /// ARN of the user pool.
    pub user_pool_arn: String,
    /// Client of the user pool.
    pub user_pool_client_id: String,
    /// Domain prefix or full domain of the user pool.
    pub user_pool_domain: String,
    /// More query parameters for the sign-in page.
    pub authentication_request_extra_params: Tags,
    /// Who is not signed in: `deny`, `allow` or `authenticate`.
    #[arg(computed)]
    pub on_unauthenticated_request: Option<String>,
    /// Claims that are asked for: `openid`.
    #[arg(computed)]
    pub scope: Option<String>,
    /// Name of the session cookie.
    #[arg(computed)]
    pub session_cookie_name: Option<String>,
    /// Seconds that a session lasts.
    #[arg(computed)]
    pub session_timeout: Option<i64>,
}

/// Sign-in by OpenID Connect.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct AuthenticateOidc {
    /// Issuer of the tokens.
    pub issuer: String,
    /// Address of its sign-in page.
    pub authorization_endpoint: String,
    /// Address of its tokens.
    pub token_endpoint: String,
    /// Address of its user information.
    pub user_info_endpoint: String,
    /// Client.
    pub client_id: String,
    /// The client's secret.
    #[arg(required, secret, unread)]
    pub client_secret: Option<String>,
    /// More query parameters for the sign-in page.
    pub authentication_request_extra_params: Tags,
    /// Who is not signed in: `deny`, `allow` or `authenticate`.
    #[arg(computed)]
    pub on_unauthenticated_request: Option<String>,
    /// Claims that are asked for: `openid`.
    #[arg(computed)]
    pub scope: Option<String>,
    /// Name of the session cookie.
    #[arg(computed)]
    pub session_cookie_name: Option<String>,
    /// Seconds that a session lasts.
    #[arg(computed)]
    pub session_timeout: Option<i64>,
}

/// The actions as AWS takes them. `seen` tells which of `target_group_arn` and `forward` was written where both
/// are there.
pub(super) fn requested(want: &[Action], seen: &[Action]) -> Vec<Described> {
    want.iter().zip(1..).enumerate().map(|(i, (action, place))| request(action, seen.get(i), place)).collect()
}

/// The actions in our words, in order.
pub(super) fn reported(actions: &[Described]) -> Vec<Action> {
    let mut actions: Vec<_> = actions.iter().collect();
    actions.sort_by_key(|a| a.order().unwrap_or_default());
    actions.into_iter().map(report).collect()
}

/// `place` is where the action stands if it does not say: AWS wants to be told as soon as there are two.
fn request(want: &Action, seen: Option<&Action>, place: i64) -> Described {
    // Both are there when AWS reported both; the one that is not as AWS reported it was written.
    let forward = match (&want.target_group_arn, &want.forward) {
        (Some(arn), Some(_)) if seen.is_some_and(|s| s.target_group_arn.as_ref() != Some(arn)) => None,
        (_, forward) => forward.as_ref(),
    };
    let arn = want.target_group_arn.clone().filter(|_| forward.is_none());
    Described::builder()
        .r#type(ActionTypeEnum::from(want.r#type.as_str()))
        .set_order(i32::try_from(want.order.unwrap_or(place)).ok())
        .set_target_group_arn(arn.filter(|_| want.r#type == "forward"))
        .set_forward_config(forward.filter(|_| want.r#type == "forward").map(forward_config))
        .set_redirect_config(want.redirect.as_ref().map(|r| {
            RedirectActionConfig::builder()
                .status_code(RedirectActionStatusCodeEnum::from(r.status_code.as_str()))
                .protocol(&r.protocol)
                .port(&r.port)
                .host(&r.host)
                .path(&r.path)
                .query(&r.query)
                .build()
        }))
        .set_fixed_response_config(want.fixed_response.as_ref().map(|f| {
            FixedResponseActionConfig::builder()
                .content_type(&f.content_type)
                .set_message_body(f.message_body.clone())
                .status_code(f.status_code.as_deref().unwrap_or("200"))
                .build()
        }))
        .set_authenticate_cognito_config(want.authenticate_cognito.as_ref().map(|c| {
            let params = &c.authentication_request_extra_params;
            CognitoConfig::builder()
                .user_pool_arn(&c.user_pool_arn)
                .user_pool_client_id(&c.user_pool_client_id)
                .user_pool_domain(&c.user_pool_domain)
                .set_authentication_request_extra_params(extra(params))
                .set_on_unauthenticated_request(
                    c.on_unauthenticated_request.as_deref().map(CognitoElse::from),
                )
                .set_scope(c.scope.clone())
                .set_session_cookie_name(c.session_cookie_name.clone())
                .set_session_timeout(c.session_timeout)
                .build()
        }))
        .set_authenticate_oidc_config(want.authenticate_oidc.as_ref().map(|o| {
            OidcConfig::builder()
                .issuer(&o.issuer)
                .authorization_endpoint(&o.authorization_endpoint)
                .token_endpoint(&o.token_endpoint)
                .user_info_endpoint(&o.user_info_endpoint)
                .client_id(&o.client_id)
                .set_client_secret(o.client_secret.clone())
                .set_authentication_request_extra_params(extra(&o.authentication_request_extra_params))
                .set_on_unauthenticated_request(o.on_unauthenticated_request.as_deref().map(OidcElse::from))
                .set_scope(o.scope.clone())
                .set_session_cookie_name(o.session_cookie_name.clone())
                .set_session_timeout(o.session_timeout)
                .build()
        }))
        .build()
}

fn forward_config(forward: &Forward) -> ForwardActionConfig {
    let groups = forward.target_group.iter().map(|group| {
        let weight = i32::try_from(group.weight).ok();
        TargetGroupTuple::builder().target_group_arn(&group.arn).set_weight(weight).build()
    });
    let stickiness = forward.stickiness.as_ref().map(|s| {
        let seconds = s.duration.and_then(|d| i32::try_from(d).ok());
        TargetGroupStickinessConfig::builder().enabled(s.enabled).set_duration_seconds(seconds).build()
    });
    ForwardActionConfig::builder()
        .set_target_groups(Some(groups.collect()))
        .set_target_group_stickiness_config(stickiness)
        .build()
}

fn extra(params: &Tags) -> Option<std::collections::HashMap<String, String>> {
    (!params.is_empty()).then(|| params.clone().into_iter().collect())
}

fn report(action: &Described) -> Action {
    let text = |text: Option<&str>, default: &str| text.unwrap_or(default).to_owned();
    let forward = action.forward_config();
    let groups = forward.map(ForwardActionConfig::target_groups).unwrap_or_default();
    let only = match groups {
        [only] => only.target_group_arn(),
        _ => None,
    };
    Action {
        r#type: action.r#type().map(|t| t.as_str().to_owned()).unwrap_or_default(),
        order: action.order().map(i64::from),
        target_group_arn: action.target_group_arn().or(only).map(str::to_owned),
        forward: forward.map(|forward| Forward {
            target_group: groups
                .iter()
                .map(|g| WeightedTargetGroup {
                    arn: g.target_group_arn().unwrap_or_default().to_owned(),
                    weight: g.weight().map_or(1, i64::from),
                })
                .collect(),
            stickiness: forward.target_group_stickiness_config().map(|s| ForwardStickiness {
                enabled: s.enabled() == Some(true),
                duration: s.duration_seconds().map(i64::from),
            }),
        }),
        redirect: action.redirect_config().map(|r| Redirect {
            status_code: r.status_code().map(|c| c.as_str().to_owned()).unwrap_or_default(),
            protocol: text(r.protocol(), "#{protocol}"),
            port: text(r.port(), "#{port}"),
            host: text(r.host(), "#{host}"),
            path: text(r.path(), "/#{path}"),
            query: text(r.query(), "#{query}"),
        }),
        fixed_response: action.fixed_response_config().map(|f| FixedResponse {
            content_type: text(f.content_type(), ""),
            message_body: f.message_body().filter(|b| !b.is_empty()).map(str::to_owned),
            status_code: f.status_code().map(str::to_owned),
        }),
        authenticate_cognito: action.authenticate_cognito_config().map(|c| AuthenticateCognito {
            user_pool_arn: text(c.user_pool_arn(), ""),
            user_pool_client_id: text(c.user_pool_client_id(), ""),
            user_pool_domain: text(c.user_pool_domain(), ""),
            authentication_request_extra_params: params(c.authentication_request_extra_params()),
            on_unauthenticated_request: c.on_unauthenticated_request().map(|o| o.as_str().to_owned()),
            scope: c.scope().map(str::to_owned),
            session_cookie_name: c.session_cookie_name().map(str::to_owned),
            session_timeout: c.session_timeout(),
        }),
        authenticate_oidc: action.authenticate_oidc_config().map(|o| AuthenticateOidc {
            issuer: text(o.issuer(), ""),
            authorization_endpoint: text(o.authorization_endpoint(), ""),
            token_endpoint: text(o.token_endpoint(), ""),
            user_info_endpoint: text(o.user_info_endpoint(), ""),
            client_id: text(o.client_id(), ""),
            client_secret: None,
            authentication_request_extra_params: params(o.authentication_request_extra_params()),
            on_unauthenticated_request: o.on_unauthenticated_request().map(|o| o.as_str().to_owned()),
            scope: o.scope().map(str::to_owned),
            session_cookie_name: o.session_cookie_name().map(str::to_owned),
            session_timeout: o.session_timeout(),
        }),
    }
}

fn params(params: Option<&std::collections::HashMap<String, String>>) -> Tags {
    params.map(|p| p.iter().map(|(k, v)| (k.clone(), v.clone())).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use stackr_core::Value;

    use super::*;

    fn forward_to(arn: &str) -> Action {
        let object = Value::object([("type", "forward".into()), ("target_group_arn", arn.into())]);
        Action::from_object(&object).unwrap()
    }

    #[test]
    fn forwarding_to_one_group_reads_as_both_forms() {
        let group = TargetGroupTuple::builder().target_group_arn("tg").build();
        let described = Described::builder()
            .r#type(ActionTypeEnum::Forward)
            .forward_config(ForwardActionConfig::builder().target_groups(group).build())
            .build();
        let action = report(&described);
        assert_eq!(action.target_group_arn.as_deref(), Some("tg"));
        assert_eq!(action.forward.unwrap().target_group[0].weight, 1);
    }

    #[test]
    fn a_group_that_was_changed_wins_over_the_form_that_was_only_seen() {
        let mut seen = forward_to("old");
        seen.forward = Some(Forward {
            target_group: Set(vec![WeightedTargetGroup { arn: "old".into(), weight: 1 }]),
            stickiness: None,
        });
        let want = Action { target_group_arn: Some("new".into()), ..seen.clone() };
        let sent = request(&want, Some(&seen), 1);
        assert_eq!((sent.target_group_arn(), sent.forward_config()), (Some("new"), None));
        let weighted = Set(vec![WeightedTargetGroup { arn: "new".into(), weight: 5 }]);
        let want =
            Action { forward: Some(Forward { target_group: weighted, stickiness: None }), ..seen.clone() };
        let sent = request(&want, Some(&seen), 1);
        assert_eq!(sent.target_group_arn(), None);
        assert_eq!(sent.forward_config().unwrap().target_groups()[0].weight(), Some(5));
    }

    #[test]
    fn actions_come_in_the_order_they_are_written_in() {
        let last = Action { order: Some(7), ..forward_to("c") };
        let sent = requested(&[forward_to("a"), forward_to("b"), last], &[]);
        let orders: Vec<_> = sent.iter().map(Described::order).collect();
        assert_eq!(orders, [Some(1), Some(2), Some(7)]);
    }

    #[test]
    fn parts_of_a_redirect_that_are_not_reported_stay_as_in_the_request() {
        let config = RedirectActionConfig::builder().port("443").build();
        let action = report(&Described::builder().redirect_config(config).build());
        let redirect = action.redirect.unwrap();
        assert_eq!((redirect.port.as_str(), redirect.path.as_str()), ("443", "/#{path}"));
    }
}
