//! What a person sees: plain pages without scripts.

use crate::sandbox::data_plane::call::Reply;

/// Text that came with the request, safe inside markup.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn framed(title: &str, inside: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n<h1>{title}</h1>\n<p><small>SANDBOX</small></p>\n{inside}</html>\n"
    )
}

/// `action`: where the form goes; `sign_up`: where strangers may make an account; `trouble`: why it is shown again.
pub(super) fn sign_in(
    action: &str,
    sign_up: Option<&str>,
    name: &str,
    trouble: Option<&str>,
) -> String {
    let trouble = trouble.map_or_else(String::new, |trouble| {
        format!("<p role=\"alert\">{}</p>\n", escaped(trouble))
    });
    let sign_up = sign_up.map_or_else(String::new, |to| {
        format!(
            "<p>Don't have an account? <a id=\"createAccount\" href=\"{}\">Sign up now</a></p>\n",
            escaped(to)
        )
    });
    let form = format!(
        "{trouble}<form id=\"localAccountForm\" method=\"post\" action=\"{}\">\n\
         <p><label>Email address <input name=\"signInName\" type=\"email\" value=\"{}\" autocomplete=\"username\"></label></p>\n\
         <p><label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\"></label></p>\n\
         <p><button name=\"action\" value=\"signIn\">Sign in</button>\n\
         <button name=\"action\" value=\"withoutPassword\">Sign in without password (sandbox only)</button></p>\n</form>\n{sign_up}",
        escaped(action),
        escaped(name),
    );
    framed("Sign in", &form)
}

pub(super) fn sign_up(action: &str, trouble: Option<&str>) -> String {
    let trouble = trouble.map_or_else(String::new, |trouble| {
        format!("<p role=\"alert\">{}</p>\n", escaped(trouble))
    });
    let form = format!(
        "{trouble}<form id=\"attributeVerification\" method=\"post\" action=\"{}\">\n\
         <p><label>Email address <input name=\"signInName\" type=\"email\" autocomplete=\"username\"></label></p>\n\
         <p><label>New password <input name=\"password\" type=\"password\" autocomplete=\"new-password\"></label></p>\n\
         <p><button name=\"action\" value=\"signUp\">Create</button></p>\n</form>\n",
        escaped(action),
    );
    framed("Sign up", &form)
}

/// `response_mode=form_post`
pub(super) fn posted(redirect: &str, fields: &[(&str, String)]) -> String {
    let inputs: Vec<String> = fields
        .iter()
        .map(|(name, value)| {
            let value = escaped(value);
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n")
        })
        .collect();
    let fields = inputs.concat();
    framed(
        "Signed in",
        &format!(
            "<form method=\"post\" action=\"{}\">\n{fields}<button>Continue</button></form>\n",
            escaped(redirect)
        ),
    )
}

pub(super) fn signed_out() -> String {
    framed("Signed out", "")
}

/// An error that is shown and led nowhere: the redirect address cannot be trusted.
pub(super) fn refused(message: &str) -> Reply {
    Reply::html(
        400,
        framed(
            "Sorry, but we're having trouble signing you in.",
            &format!("<p>{}</p>\n", escaped(message)),
        ),
    )
}

pub(super) fn missing(policy: &str) -> Reply {
    Reply::text(
        404,
        format!(
            "AADB2C90046: We are having trouble loading your current state: the policy '{policy}' does not exist in this tenant."
        ),
    )
}
