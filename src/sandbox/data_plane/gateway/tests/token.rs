//! `validate-jwt` against tokens of all kinds.

use super::*;

/// A signed token with these changes to what is right; null takes a claim away.
fn token(changes: &Value) -> String {
    signed(
        &json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }),
        changes,
    )
}

fn signed(header: &Value, changes: &Value) -> String {
    let unsigned = unsigned(header, changes);
    let mut signature = vec![0; KEY.public_modulus_len()];
    KEY.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        unsigned.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn unsigned(header: &Value, changes: &Value) -> String {
    let mut claims = json!({ "iss": "https://idp/", "aud": "api", "sub": "ada", "azp": "web", "tfp": "B2C_1_signin",
        "scp": "orders.read orders.write", "exp": NOW + 600, "nbf": NOW - 10 });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(&claims))
}

fn modulus() -> String {
    URL_SAFE_NO_PAD.encode(KEY.public_key().modulus().big_endian_without_leading_zero())
}

/// What secgw writes, but for the key, which here stands inside.
fn guard() -> String {
    format!(
        "<validate-jwt header-name=\"Authorization\" failed-validation-httpcode=\"401\" failed-validation-error-message=\"Unauthorized\" require-expiration-time=\"true\" require-scheme=\"Bearer\" require-signed-tokens=\"true\" clock-skew=\"60\" output-token-variable-name=\"jwt\"><issuer-signing-keys><key id=\"k1\" n=\"{}\" e=\"AQAB\" /></issuer-signing-keys><audiences><audience>api</audience></audiences><issuers><issuer>https://idp/</issuer></issuers><required-claims><claim name=\"scp\" match=\"any\" separator=\" \"><value>orders.read</value><value>orders.write</value></claim><claim name=\"azp\" match=\"any\"><value>web</value></claim><claim name=\"tfp\" match=\"any\"><value>B2C_1_signin</value></claim></required-claims></validate-jwt><set-header name=\"X-User\" exists-action=\"override\"><value>@(((Jwt)context.Variables[\"jwt\"]).Subject)</value></set-header>",
        modulus()
    )
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Claims that must not pass the guard, and the weakening of it that lets them through.
const CLAIMS: &[(&str, &str, &str)] = &[
    (
        r#"{"aud":"other"}"#,
        "<audiences><audience>api</audience></audiences>",
        "",
    ),
    (
        r#"{"iss":"https://evil/"}"#,
        "<issuers><issuer>https://idp/</issuer></issuers>",
        "",
    ),
    (
        r#"{"iss":"https://evil/"}"#,
        "<issuers>",
        "<issuers><issuer>https://evil/</issuer>",
    ),
    (
        r#"{"exp":1799999939}"#,
        "clock-skew=\"60\"",
        "clock-skew=\"120\"",
    ),
    (
        r#"{"nbf":1800000061}"#,
        "clock-skew=\"60\"",
        "clock-skew=\"120\"",
    ),
    (
        r#"{"exp":null}"#,
        "require-expiration-time=\"true\"",
        "require-expiration-time=\"false\"",
    ),
    (
        r#"{"scp":"other"}"#,
        "<value>orders.write</value>",
        "<value>other</value>",
    ),
    (r#"{"scp":"orders.readonly"}"#, SCOPES, ""),
    (r#"{"azp":"other"}"#, CLIENT, ""),
    (r#"{"tfp":"B2C_1_signup"}"#, FLOW, ""),
    (r#"{"tfp":null}"#, FLOW, ""),
    (
        r#"{"tfp":"B2C_1_signup"}"#,
        FLOW,
        "<claim name=\"tfp\" match=\"any\" />",
    ),
];

const SCOPES: &str = "<claim name=\"scp\" match=\"any\" separator=\" \"><value>orders.read</value><value>orders.write</value></claim>";
const CLIENT: &str = "<claim name=\"azp\" match=\"any\"><value>web</value></claim>";
const FLOW: &str = "<claim name=\"tfp\" match=\"any\"><value>B2C_1_signin</value></claim>";
const SECRET: &str = "an agreed secret, long enough!!!";

fn hmac(header: &Value, secret: &[u8]) -> String {
    let unsigned = unsigned(header, &json!({}));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let signature = aws_lc_rs::hmac::sign(&key, unsigned.as_bytes());
    format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Headers that must not pass the guard, and the weakening of it that lets them through.
fn forms() -> Vec<(String, &'static str, String)> {
    let none = format!("{}.", unsigned(&json!({ "alg": "none" }), &json!({})));
    let key = format!("<key>{}</key>", STANDARD.encode(SECRET));
    vec![
        (
            bearer(&none),
            "require-signed-tokens=\"true\"",
            "require-signed-tokens=\"false\"".to_owned(),
        ),
        (
            token(&json!({})),
            "require-scheme=\"Bearer\" ",
            String::new(),
        ),
        (
            format!("Basic {}", token(&json!({}))),
            "require-scheme=\"Bearer\" ",
            String::new(),
        ),
        (
            bearer(&hmac(&json!({ "alg": "HS256" }), SECRET.as_bytes())),
            "<issuer-signing-keys>",
            format!("<issuer-signing-keys>{key}"),
        ),
    ]
}

#[test]
fn a_right_token_reaches_the_backend_and_no_wrong_one_does_unless_the_guard_is_weakened() {
    let mut stand = Stand::new();
    stand.inbound(&guard());
    let right = bearer(&token(&json!({})));
    let reply = stand.get("/orders/items", &[("Authorization", &right)]);
    let reached = "reached GET https://gw.azure-api.net/echo/items user=ada body=";
    assert_eq!((reply.status, body(&reply).as_str()), (200, reached));
    assert_eq!(stand.status(&[]), 401);
    let claims = CLAIMS.iter().map(|(claims, strong, weak)| {
        let changes: Value = serde_json::from_str(claims).unwrap();
        (bearer(&token(&changes)), *strong, (*weak).to_owned())
    });
    let refused = "{ \"statusCode\": 401, \"message\": \"Unauthorized\" }";
    for (header, strong, weak) in claims.chain(forms()) {
        stand.inbound(&guard());
        let headers = [("Authorization", header.as_str())];
        let reply = stand.get("/orders/items", &headers);
        assert_eq!(
            (reply.status, body(&reply).as_str()),
            (401, refused),
            "{strong} {header}"
        );
        assert!(guard().contains(strong), "{strong}");
        stand.inbound(&guard().replace(strong, &weak));
        assert!(
            reaches(&stand.get("/orders/items", &headers)),
            "{strong} → {weak}"
        );
        let own = [("Authorization", right.as_str())];
        assert!(
            reaches(&stand.get("/orders/items", &own)),
            "{strong} → {weak}"
        );
    }
}

#[test]
fn no_form_of_a_forged_signature_passes() {
    let mut stand = Stand::new();
    stand.inbound(&guard());
    let right = token(&json!({}));
    let (signed_part, signature) = right.rsplit_once('.').unwrap();
    let tampered = unsigned(
        &json!({ "alg": "RS256", "kid": "k1" }),
        &json!({ "sub": "eve" }),
    );
    let public = [
        modulus().into_bytes(),
        KEY.public_key()
            .modulus()
            .big_endian_without_leading_zero()
            .to_vec(),
        KEY.public_key().as_der().unwrap().as_ref().to_vec(),
    ];
    let mut forged: Vec<String> = public
        .iter()
        .map(|secret| hmac(&json!({ "alg": "HS256", "kid": "k1" }), secret))
        .collect();
    forged.extend([
        format!("{tampered}.{signature}"),
        format!("{signed_part}."),
        format!("{signed_part}.AAAA"),
        signed(&json!({ "alg": "RS256", "kid": "../../k1" }), &json!({})),
        signed(&json!({ "alg": "RS384", "kid": "k1" }), &json!({})),
        signed(
            &json!({ "alg": "RS256", "kid": "x".repeat(8192) }),
            &json!({}),
        ),
        "abc".to_owned(),
        String::new(),
    ]);
    for alg in ["none", "None", "nOnE", ""] {
        forged.push(format!("{}.", unsigned(&json!({ "alg": alg }), &json!({}))));
        forged.push(format!(
            "{}.{signature}",
            unsigned(&json!({ "alg": alg }), &json!({}))
        ));
    }
    for token in forged {
        assert_eq!(
            stand.status(&[("Authorization", &bearer(&token))]),
            401,
            "{token}"
        );
    }
    let good = bearer(&right);
    for twice in [[good.as_str(), "Bearer x"], ["Bearer x", good.as_str()]] {
        let [one, other] = twice.map(|value| ("Authorization", value));
        assert_eq!(stand.status(&[one, other]), 401);
    }
    assert_eq!(
        stand
            .get(&format!("/orders/items?access_token={right}"), &[])
            .status,
        401
    );
    assert_eq!(stand.status(&[("Authorization", &good)]), 200);
}
