//! Handshakes and heads of requests, as bytes.

use std::net::SocketAddr;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Deployed, WEB, see};

#[tokio::test]
async fn a_handshake_takes_what_the_stored_configuration_takes() {
    let deployed = Deployed::new().await;
    let web = format!("{}/config/web", deployed.site());
    let host = "func-orders-dev.azurewebsites.net";
    let url = format!("https://{host}/");
    let old = deployed.caller(1, |builder| {
        builder.tls_version_max(reqwest::tls::Version::TLS_1_2)
    });
    let address = deployed.azure.running.address();

    assert_eq!(see(&old, "GET", &url, &[], "").await.status, 0);
    assert_eq!(deployed.call("GET", &url, &[]).await.status, 403);
    assert_eq!(
        greeted(address, host, 0x0301, &[0x002f]).await,
        [0x15, 3, 1, 0, 2, 2, 70]
    );

    deployed
        .set(&web, WEB, "/properties/minTlsVersion", json!("1.2"))
        .await;
    assert_eq!(see(&old, "GET", &url, &[], "").await.status, 403);
    assert_eq!(
        greeted(address, host, 0x0301, &[0x002f]).await,
        [0x15, 3, 1, 0, 2, 2, 70]
    );
    // A weak suite is App Service's until the minimum suite says otherwise.
    let accepted = greeted(address, host, 0x0303, &[0x002f]).await;
    assert_eq!((accepted[0], accepted[1], accepted[2]), (0x16, 3, 3));
    deployed
        .set(
            &web,
            WEB,
            "/properties/minTlsCipherSuite",
            json!("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        )
        .await;
    assert_eq!(
        greeted(address, host, 0x0303, &[0x002f]).await,
        [0x15, 3, 1, 0, 2, 2, 40]
    );

    deployed
        .set(
            &web,
            WEB,
            "/properties/minTlsCipherSuite",
            json!("TLS_RSA_WITH_AES_128_CBC_SHA"),
        )
        .await;
    deployed
        .set(&web, WEB, "/properties/minTlsVersion", json!("1.0"))
        .await;
    let accepted = greeted(address, host, 0x0301, &[0x002f]).await;
    assert_eq!((accepted[0], accepted[1], accepted[2]), (0x16, 3, 1));

    let service = deployed.id("Microsoft.ApiManagement/service/apim-orders-dev");
    let gateway = "apim-orders-dev.azure-api.net";
    let tls11 = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls11";
    assert_eq!(
        greeted(address, gateway, 0x0302, &[0xc013, 0x002f]).await,
        [0x15, 3, 1, 0, 2, 2, 70]
    );
    let mut properties =
        deployed.azure.get(&service, "2024-05-01").await.body["properties"]["customProperties"]
            .clone();
    properties[tls11] = "True".into();
    let weak = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Ciphers.TLS_RSA_WITH_AES_128_CBC_SHA";
    properties[weak] = "True".into();
    let changed = deployed
        .azure
        .patch(
            &service,
            "2024-05-01",
            json!({ "properties": { "customProperties": properties } }),
        )
        .await;
    assert!(changed.status < 300, "{}", changed.body);
    let accepted = greeted(address, gateway, 0x0302, &[0x002f]).await;
    assert_eq!((accepted[0], accepted[1], accepted[2]), (0x16, 3, 2));
}

/// The first bytes a host answers to a `ClientHello` of that version with those suites.
async fn greeted(address: SocketAddr, host: &str, version: u16, suites: &[u16]) -> Vec<u8> {
    let name = host.as_bytes();
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
    let mut entry = vec![0];
    entry.extend(length(name));
    entry.extend(name);
    let mut list = length(&entry).to_vec();
    list.extend(entry);
    let mut extensions = vec![0, 0];
    extensions.extend(length(&list));
    extensions.extend(list);
    let suites: Vec<u8> = suites
        .iter()
        .flat_map(|suite| suite.to_be_bytes())
        .collect();
    let mut body = version.to_be_bytes().to_vec();
    body.extend([9; 32]);
    body.push(0);
    body.extend(length(&suites));
    body.extend(suites);
    body.extend([1, 0]);
    body.extend(length(&extensions));
    body.extend(extensions);
    let mut message = vec![1, 0];
    message.extend(length(&body));
    message.extend(body);
    let mut record = vec![0x16, 3, 1];
    record.extend(length(&message));
    record.extend(message);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut answered = Vec::new();
    stream.read_to_end(&mut answered).await.unwrap();
    answered
}

#[tokio::test]
async fn requests_that_two_parsers_would_read_differently_are_refused() {
    let deployed = Deployed::new().await;
    let host = deployed.edge().await;
    let address = deployed.azure.running.address();
    let plain = format!("GET /api/orders HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    assert_eq!(
        status_line(address, &plain).await,
        "HTTP/1.1 307 Temporary Redirect"
    );
    for extra in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: 4\r\nContent-Length: 4\r\n",
        "X-Folded: a\r\n b\r\n",
        "X-Blank : a\r\n",
    ] {
        let request = format!(
            "POST /api/orders HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{extra}\r\n0\r\n\r\n"
        );
        assert_eq!(
            status_line(address, &request).await,
            "HTTP/1.1 400 Bad Request",
            "{extra}"
        );
    }
    let long = format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nX: {}\r\n\r\n",
        "x".repeat(70 * 1024)
    );
    assert_eq!(
        status_line(address, &long).await,
        "HTTP/1.1 431 Request Header Fields Too Large"
    );
}

async fn status_line(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answered = [0; 128];
    let count = stream.read(&mut answered).await.unwrap();
    let text = String::from_utf8_lossy(&answered[..count]).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}
