//! The identity provider: authorization code, proof, refresh, and what it refuses.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::{answer, token_of};
use super::{DIRECTORY, Deployed, Seen, see};

const AUTHORITY: &str = "https://contosob2c.b2clogin.com/contosob2c.onmicrosoft.com";
const REDIRECT: &str = "https://dev.app.contoso.com/auth";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-1";

struct SignIn {
    deployed: Deployed,
    client: String,
    api: String,
    scope: String,
}

impl SignIn {
    async fn new() -> Self {
        let deployed = Deployed::new().await;
        let graph = token_of(
            &deployed.azure.client,
            DIRECTORY,
            "https://graph.microsoft.com",
        )
        .await;
        let url = "https://graph.microsoft.com/v1.0/applications";
        let response = deployed
            .azure
            .client
            .get(url)
            .bearer_auth(&graph)
            .send()
            .await
            .unwrap();
        let all = answer(response).await.body["value"].clone();
        let app = |name: &str| {
            let mut all = all.as_array().unwrap().iter();
            all.find(|app| app["displayName"] == name).unwrap().clone()
        };
        let api = app("Orders API");
        let uri = api["identifierUris"][0].as_str().unwrap();
        Self {
            client: app("orders-web-dev")["appId"].as_str().unwrap().to_owned(),
            scope: format!("openid offline_access {uri}/orders.read"),
            api: api["appId"].as_str().unwrap().to_owned(),
            deployed,
        }
    }

    /// The authorization endpoint with a proper request, some parameters exchanged.
    fn authorize(&self, policy: &str, changes: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        let mut parameters = vec![
            ("client_id", self.client.as_str()),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", self.scope.as_str()),
            ("state", "s1"),
            ("nonce", "n1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            if !value.is_empty() {
                parameters.push((name, value));
            }
        }
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        format!("{AUTHORITY}/{policy}/oauth2/v2.0/authorize?{query}")
    }

    async fn post(&self, url: &str, form: &[(&str, &str)]) -> Seen {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        see(
            &self.deployed.caller(1, |builder| builder),
            "POST",
            url,
            &headers,
            &body,
        )
        .await
    }

    async fn code(&self, changes: &[(&str, &str)]) -> String {
        let form = [
            ("signInName", "ada@example.com"),
            ("action", "withoutPassword"),
        ];
        let signed_in = self
            .post(&self.authorize("B2C_1_signin", changes), &form)
            .await;
        assert_eq!(signed_in.status, 302, "{}", signed_in.text());
        let to = signed_in.header("location");
        assert_eq!(parameter(to, "state"), "s1");
        assert!(to.starts_with(REDIRECT));
        parameter(to, "code")
    }

    async fn redeem(&self, code: &str, redirect: &str, verifier: &str) -> Seen {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", self.client.as_str()),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        self.post(
            &format!("{AUTHORITY}/B2C_1_signin/oauth2/v2.0/token"),
            &form,
        )
        .await
    }
}

fn parameter(url: &str, name: &str) -> String {
    let query = url.split_once(['?', '#']).map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn claims(token: &Value) -> Value {
    let payload = token
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_pre_made_account_signs_in_by_code_and_proof_and_nobody_else_does() {
    let sign_in = SignIn::new().await;
    let page = sign_in
        .deployed
        .call("GET", &sign_in.authorize("b2c_1_SIGNIN", &[]), &[])
        .await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("localAccountForm") && !page.text().contains("createAccount"));

    let code = sign_in.code(&[]).await;
    let tokens = sign_in.redeem(&code, REDIRECT, VERIFIER).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body());
    let access = claims(&tokens.body()["access_token"]);
    assert_eq!(
        access["iss"],
        format!("https://contosob2c.b2clogin.com/{DIRECTORY}/v2.0/")
    );
    assert_eq!(access["aud"], sign_in.api);
    assert_eq!(access["azp"], sign_in.client);
    assert_eq!(
        (&access["scp"], &access["tfp"], &access["ver"]),
        (&json!("orders.read"), &json!("B2C_1_signin"), &json!("1.0"))
    );
    let identity = claims(&tokens.body()["id_token"]);
    assert_eq!(
        (&identity["aud"], &identity["nonce"], &identity["name"]),
        (&json!(sign_in.client), &json!("n1"), &json!("Ada Lovelace"))
    );
    assert_eq!(
        sign_in.redeem(&code, REDIRECT, VERIFIER).await.status,
        400,
        "a code is good once"
    );

    // The proof, the address and the client belong to the code.
    for (redirect, verifier) in [
        (REDIRECT, ""),
        (REDIRECT, "another-verifier"),
        ("http://localhost:5173/auth", VERIFIER),
    ] {
        let code = sign_in.code(&[]).await;
        assert_eq!(
            sign_in.redeem(&code, redirect, verifier).await.status,
            400,
            "{redirect} {verifier}"
        );
    }
    let bare = sign_in.code(&[("code_challenge", "")]).await;
    assert_eq!(
        sign_in.redeem(&bare, REDIRECT, VERIFIER).await.body()["error"],
        "invalid_request"
    );

    let refresh = tokens.body()["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", sign_in.client.as_str()),
        ("refresh_token", refresh),
    ];
    let token = format!("{AUTHORITY}/B2C_1_signin/oauth2/v2.0/token");
    assert_eq!(sign_in.post(&token, &form).await.status, 200);

    let url = sign_in.authorize("B2C_1_signin", &[]);
    for (name, how) in [
        ("ada@example.com", "signIn"),
        ("eve@example.com", "withoutPassword"),
    ] {
        let form = [
            ("signInName", name),
            ("password", "not-a-secret-1"),
            ("action", how),
        ];
        let refused = sign_in.post(&url, &form).await;
        assert_eq!(refused.status, 400, "{name}");
        assert!(refused.text().contains("AADB2C90225"));
    }
}

#[tokio::test]
async fn what_is_asked_for_is_odd_about_a_token_and_nothing_else() {
    let sign_in = SignIn::new().await;
    let code = sign_in.code(&[]).await;
    let tokens = sign_in.redeem(&code, REDIRECT, VERIFIER).await;
    let access = claims(&tokens.body()["access_token"]);
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let asked = async |odd: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", sign_in.client.as_str()),
            (
                "refresh_token",
                tokens.body()["refresh_token"].as_str().unwrap(),
            ),
            ("sandbox_token", odd),
        ];
        let url = format!("{AUTHORITY}/B2C_1_signin/oauth2/v2.0/token");
        sign_in.post(&url, &form).await
    };
    for odd in ["expired", "early", "other_client"] {
        let given = claims(&asked(odd).await.body()["access_token"]);
        let at = |name: &str| given[name].as_i64().unwrap();
        assert_eq!(at("exp") < now, odd == "expired", "{given}");
        assert_eq!(at("nbf") > now + 60, odd == "early", "{given}");
        let is_foreign = given["azp"] != sign_in.client;
        assert_eq!(is_foreign, odd == "other_client", "{given}");
        for name in ["iss", "aud", "scp", "tfp", "sub"] {
            assert_eq!(given[name], access[name], "{odd} {name}");
        }
    }
    let unknown = asked("forged").await;
    assert_eq!(unknown.status, 400);
    let body = unknown.body();
    let why = body["error_description"].as_str().unwrap();
    assert!(why.contains("expired, early, other_client"), "{why}");
}

#[tokio::test]
async fn the_identity_provider_refuses_what_the_stored_registrations_do_not_allow() {
    let sign_in = SignIn::new().await;
    let open = |changes: &[(&str, &str)]| sign_in.authorize("B2C_1_signin", changes);
    for (changes, shown) in [
        ([("redirect_uri", "https://evil.example/")], "AADB2C90006"),
        (
            [("client_id", "11111111-1111-4111-8111-111111111111")],
            "AADB2C90018",
        ),
    ] {
        let refused = sign_in.deployed.call("GET", &open(&changes), &[]).await;
        assert_eq!(
            (refused.status, refused.header("location")),
            (400, ""),
            "{shown}"
        );
        assert!(refused.text().contains(shown));
    }
    for (changes, error) in [
        ([("response_type", "token")], "unauthorized_client"),
        ([("response_type", "id_token")], "unauthorized_client"),
        (
            [("scope", "openid https://contosob2c.onmicrosoft.com/other/x")],
            "invalid_request",
        ),
    ] {
        let refused = sign_in.deployed.call("GET", &open(&changes), &[]).await;
        assert_eq!(refused.status, 302);
        assert_eq!(
            parameter(refused.header("location"), "error"),
            error,
            "{changes:?}"
        );
    }
    let missing = sign_in
        .deployed
        .call("GET", &sign_in.authorize("B2C_1_signup", &[]), &[])
        .await;
    assert_eq!(missing.status, 404);
    let token = format!("{AUTHORITY}/B2C_1_signin/oauth2/v2.0/token");
    let form = [
        ("grant_type", "password"),
        ("client_id", sign_in.client.as_str()),
        ("username", "ada@example.com"),
        ("password", "x"),
    ];
    assert_eq!(
        sign_in.post(&token, &form).await.body()["error"],
        "unsupported_grant_type"
    );
}

#[tokio::test]
async fn strangers_make_themselves_an_account_only_where_a_flow_allows_it() {
    let sign_in = SignIn::new().await;
    let open = |changes: &[(&str, &str)]| sign_in.authorize("B2C_1_signin", changes);
    let token = format!("{AUTHORITY}/B2C_1_signin/oauth2/v2.0/token");
    // Sign-up is closed until a flow allows it; then a stranger makes an account, and is somebody.
    let sign_up = |policy: &str| {
        open(&[]).replace(
            "B2C_1_signin/oauth2/v2.0/authorize?",
            &format!("{policy}/api/CombinedSigninAndSignup/unified?local=signup&"),
        )
    };
    assert_eq!(
        sign_in
            .deployed
            .call("GET", &sign_up("B2C_1_signin"), &[])
            .await
            .status,
        404
    );
    let graph = token_of(
        &sign_in.deployed.azure.client,
        DIRECTORY,
        "https://graph.microsoft.com",
    )
    .await;
    let flow = json!({ "id": "open", "userFlowType": "signUpOrSignIn", "userFlowTypeVersion": 3 });
    let made = sign_in
        .deployed
        .azure
        .client
        .post("https://graph.microsoft.com/beta/identity/b2cUserFlows")
        .bearer_auth(&graph)
        .header("Content-Type", "application/json")
        .body(flow.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    let page = sign_in
        .deployed
        .call("GET", &sign_in.authorize("B2C_1_open", &[]), &[])
        .await;
    assert!(page.text().contains("createAccount"));
    let stranger = [
        ("signInName", "eve@example.com"),
        ("password", "not-a-secret-1"),
        ("action", "signUp"),
    ];
    let made = sign_in.post(&sign_up("B2C_1_open"), &stranger).await;
    assert_eq!(made.status, 302, "{}", made.text());
    let code = parameter(made.header("location"), "code");
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", sign_in.client.as_str()),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let tokens = sign_in
        .post(&token.replace("B2C_1_signin", "B2C_1_open"), &form)
        .await;
    assert_eq!(claims(&tokens.body()["access_token"])["tfp"], "B2C_1_open");
    let again = [
        ("signInName", "eve@example.com"),
        ("password", "not-a-secret-1"),
        ("action", "signIn"),
    ];
    assert_eq!(sign_in.post(&open(&[]), &again).await.status, 302);
}
