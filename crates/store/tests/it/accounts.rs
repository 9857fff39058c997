use crate::fixture::{Place, act, later, now};
use store::{Error, NewApiToken, NewSession, NewUser, UserChange, UserId};

fn user(name: &str) -> NewUser {
    NewUser { name: name.to_owned(), password_hash: "$argon2id$…".to_owned(), roles: ["analyst".to_owned()].into() }
}

fn session(token: &str, user: UserId) -> NewSession {
    NewSession { token_hash: token.to_owned(), user, csrf: "csrf".to_owned(), expires: later(60) }
}

pub async fn the_setup_token_makes_one_administrator_once(Place { store, .. }: Place) {
    assert!(!store.has_users().await.unwrap());
    store.put_setup_token("old", now()).await.unwrap();
    store.put_setup_token("new", now()).await.unwrap();
    assert_eq!(store.setup_token().await.unwrap().unwrap().token_hash, "new");
    for wrong in ["old", "other"] {
        assert!(matches!(store.claim_setup(wrong, &user("eve"), &act()).await, Err(Error::SetupToken)));
    }
    let (one, two) = tokio::join!(async { store.claim_setup("new", &user("ann"), &act()).await }, async {
        store.claim_setup("new", &user("bob"), &act()).await
    },);
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(store.users().await.unwrap().len(), 1);
    assert!(store.setup_token().await.unwrap().is_none());
}

pub async fn names_differ_by_more_than_case(Place { store, .. }: Place) {
    let ann = store.create_user(&user("Ann"), &act()).await.unwrap();
    assert!(matches!(store.create_user(&user(" ann"), &act()).await, Err(Error::Exists { .. })));
    assert_eq!(store.user_by_name("ANN").await.unwrap(), Some(ann.clone()));
    assert_eq!(store.user(ann.id).await.unwrap().roles, ["analyst".to_owned()].into());
    assert!(store.user(ann.id + 1).await.unwrap_err().is_not_found());
}

pub async fn a_change_of_the_user_ends_the_sessions(Place { store, .. }: Place) {
    let ann = store.create_user(&user("ann"), &act()).await.unwrap();
    for change in [
        UserChange { password_hash: Some("other".to_owned()), ..Default::default() },
        UserChange { roles: Some(["read-only".to_owned()].into()), ..Default::default() },
        UserChange { disabled: Some(true), ..Default::default() },
    ] {
        store.open_session(&session("t", ann.id), now()).await.unwrap();
        store.change_user(ann.id, &change, &act()).await.unwrap();
        assert!(store.session("t", now()).await.unwrap().is_none(), "{change:?}");
    }
    let ann = store.user(ann.id).await.unwrap();
    assert!(ann.disabled && ann.password_hash == "other" && ann.roles.contains("read-only"));
}

pub async fn tokens_and_sessions_run_out(Place { store, .. }: Place) {
    let ann = store.create_user(&user("ann"), &act()).await.unwrap();
    store.open_session(&session("s", ann.id), now()).await.unwrap();
    let (open, owner) = store.session("s", later(59)).await.unwrap().unwrap();
    assert_eq!((open.csrf.as_str(), owner.id), ("csrf", ann.id));
    assert!(store.session("s", later(60)).await.unwrap().is_none());
    store.extend_session("s", later(120)).await.unwrap();
    assert!(store.session("s", later(60)).await.unwrap().is_some());

    let token = NewApiToken {
        token_hash: "t".to_owned(),
        name: "scanner".to_owned(),
        user: ann.id,
        scopes: ["import".to_owned()].into(),
        expires: Some(later(60)),
    };
    let token = store.create_api_token(&token, &act()).await.unwrap();
    assert!(store.api_token("t", later(60)).await.unwrap().is_none());
    assert_eq!(store.api_token("t", now()).await.unwrap().unwrap().0, token);
    store.use_api_token(&token, later(1)).await.unwrap();
    assert_eq!(store.api_tokens(Some(ann.id)).await.unwrap()[0].last_used, Some(later(1)));
    store.revoke_api_token(token.id, &act()).await.unwrap();
    assert!(store.api_token("t", now()).await.unwrap().is_none());

    store.sweep_accounts(later(300)).await.unwrap();
    assert!(store.session("s", now()).await.unwrap().is_none());
    store.open_session(&session("a", ann.id), now()).await.unwrap();
    store.open_session(&session("b", ann.id), now()).await.unwrap();
    store.close_session("a").await.unwrap();
    assert_eq!(store.close_sessions(ann.id).await.unwrap(), 1);
}

pub async fn failed_logins_are_counted_per_key(Place { store, .. }: Place) {
    for seconds in [0, 10, 20] {
        store.note_login_failure("ann", later(seconds)).await.unwrap();
    }
    store.note_login_failure("10.0.0.1", now()).await.unwrap();
    assert_eq!(store.login_failures("ann", now()).await.unwrap(), 3);
    assert_eq!(store.login_failures("ann", later(10)).await.unwrap(), 2);
    store.clear_login_failures("ann").await.unwrap();
    assert_eq!(store.login_failures("ann", now()).await.unwrap(), 0);
    assert_eq!(store.login_failures("10.0.0.1", now()).await.unwrap(), 1);
}
