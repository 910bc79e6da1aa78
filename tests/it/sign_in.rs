//! A user's own sign-in for `verify`: with a browser that comes back or whose address is pasted, and genuine tokens that
//! have to be refused.

use secgw::cli::deployed;
use secgw::spec::{IdentityProvider, RedirectUri, Spec};
use secgw::verify::sign_in::SignInProblem;
use secgw::verify::{self, Credentials, Outcome, Selection, Target, Wire, browser, sign_in};

use crate::sandbox::staying;
use crate::verify::Attackable;

struct Ready {
    deployed: Attackable,
    target: Target,
}

impl Ready {
    async fn new(environment: &str, adjust: impl FnOnce(&mut Spec)) -> Self {
        let deployed = Attackable::with(environment, adjust).await;
        let live = secgw::azure::read_live(&deployed.stand.client, &deployed.graph).await;
        let target = deployed::target(&deployed.spec, &deployed.graph, &live.live).unwrap();
        Self { deployed, target }
    }

    fn wire(&self) -> Wire {
        self.deployed.wire(&self.target)
    }

    /// What a browser does: the sign-in page, its button for a pre-made account, and where it then leads.
    async fn follow(&self, told: &str) -> String {
        let url = told
            .split_whitespace()
            .find(|word| word.starts_with("https://"))
            .unwrap();
        let http = staying(&self.deployed.stand.sandbox);
        let page = http.get(url).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let account = self.target.provider.accounts.as_ref().unwrap()[0].clone();
        let form = [
            ("action", "withoutPassword".to_owned()),
            ("signInName", account),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let answer = http
            .post(url)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        let to = answer.headers()["location"].to_str().unwrap();
        to.to_owned()
    }

    async fn outcomes(&self, tokens: &Credentials, only: &[&str]) -> Vec<(&'static str, Outcome)> {
        let selection = Selection {
            only: only.iter().map(|id| (*id).to_owned()).collect(),
            is_aggressive: false,
        };
        let report = verify::run(&self.wire(), &self.target, tokens, &selection, |_| {}).await;
        let tried = report.tried.iter();
        tried
            .map(|tried| (tried.probe.id, tried.verdict.outcome))
            .collect()
    }
}

fn uri(text: &str) -> RedirectUri {
    RedirectUri::parse(text).unwrap()
}

/// A port of this machine that nobody listens at.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

async fn by_browser(ready: &Ready) -> Credentials {
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let tell = |text: &str| told.send(text.to_owned()).unwrap();
    let wire = ready.wire();
    let ask = |_: &str| -> std::io::Result<String> { panic!("nothing has to be pasted") };
    let person = async {
        let to = ready.follow(&heard.recv().await.unwrap()).await;
        assert!(to.starts_with("http://localhost:"), "{to}");
        // Something else of the browser's comes first, as it does.
        let plain = staying(&ready.deployed.stand.sandbox);
        let port = url::Url::parse(&to).unwrap().port().unwrap();
        let icon = format!("http://127.0.0.1:{port}/favicon.ico");
        plain.get(icon).send().await.unwrap();
        let back = to.replace("localhost", "127.0.0.1");
        let page = plain.get(back).send().await.unwrap();
        assert!(page.text().await.unwrap().starts_with("Signed in."));
    };
    let sign_in = browser::sign_in(&wire, &ready.target, tell, ask);
    let (tokens, ()) = futures::future::join(sign_in, person).await;
    tokens.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_comes_back_signs_a_user_in_whose_token_gets_through() {
    let port = free_port();
    let ready = Ready::new("dev", |spec| {
        spec.identity.clients[0].redirect_uris = vec![
            uri("https://dev.app.contoso.com/auth"),
            uri(&format!("http://localhost:{port}/auth")),
        ];
    })
    .await;
    let tokens = by_browser(&ready).await;
    assert!(tokens.access.is_some() && tokens.identity.is_some());
    let outcomes = ready.outcomes(&tokens, &["A01", "A08"]).await;
    assert_eq!(
        outcomes,
        [
            ("A21", Outcome::Pass),
            ("A01", Outcome::Pass),
            ("A08", Outcome::Pass)
        ]
    );

    // A genuine token of this directory for the application itself, given as one that must be refused.
    let own = sign_in::in_sandbox(&ready.wire(), &ready.target)
        .await
        .unwrap()
        .own
        .unwrap()
        .unwrap();
    let with_bad = Credentials {
        bad: vec![own],
        ..tokens
    };
    let outcomes = ready.outcomes(&with_bad, &["A07"]).await;
    assert_eq!(outcomes, [("A21", Outcome::Pass), ("A07", Outcome::Pass)]);
    ready.deployed.stand.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_pasted_where_the_browser_cannot_come_back_and_another_ones_is_refused() {
    let ready = Ready::new("prod", |_| {}).await;
    let wire = ready.wire();
    for is_foreign in [false, true] {
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let tell = |text: &str| told.send(text.to_owned()).unwrap();
        let (paste, pasted) = std::sync::mpsc::channel();
        let ask = move |question: &str| {
            assert!(
                question.contains("https://app.contoso.com/auth"),
                "{question}"
            );
            Ok(pasted.recv().unwrap())
        };
        let person = async {
            let came_back = ready.follow(&heard.recv().await.unwrap()).await;
            let came_back = if is_foreign {
                came_back.replace("state=", "state=x")
            } else {
                came_back
            };
            paste.send(came_back).unwrap();
        };
        let sign_in = browser::sign_in(&wire, &ready.target, tell, ask);
        let (tokens, ()) = futures::future::join(sign_in, person).await;
        match tokens {
            Ok(tokens) if !is_foreign => {
                let outcomes = ready.outcomes(&tokens, &["A01"]).await;
                assert_eq!(outcomes, [("A21", Outcome::Pass), ("A01", Outcome::Pass)]);
            }
            Err(SignInProblem::Foreign) if is_foreign => {}
            other => panic!("{other:?}"),
        }
    }
    ready.deployed.stand.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_external_id_sign_in_with_a_browser_too() {
    let port = free_port();
    let ready = Ready::new("dev", |spec| {
        spec.identity.provider = IdentityProvider::ExternalId;
        spec.identity.clients[0].redirect_uris =
            vec![uri(&format!("http://localhost:{port}/auth"))];
    })
    .await;
    let tokens = by_browser(&ready).await;
    let issuer = tokens.access.as_ref().unwrap().claim("iss");
    assert!(issuer.contains(".ciamlogin.com/"), "{issuer}");
    let outcomes = ready.outcomes(&tokens, &["A01"]).await;
    assert_eq!(outcomes, [("A21", Outcome::Pass), ("A01", Outcome::Pass)]);
    ready.deployed.stand.sandbox.stop().await;
}
