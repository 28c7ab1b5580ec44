// go-oidc and x/oauth2 as their READMEs have them.
// In: settings as flags, then the callback's address as a line. Out: one JSON object a line.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func say(what map[string]any) {
	line, err := json.Marshal(what)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}

func main() {
	issuer := flag.String("issuer", "", "")
	id := flag.String("id", "", "")
	secret := flag.String("secret", "", "")
	redirect := flag.String("redirect", "", "")
	flag.Parse()
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, *issuer)
	if err != nil {
		log.Fatal(err)
	}
	config := oauth2.Config{
		ClientID: *id, ClientSecret: *secret, Endpoint: provider.Endpoint(), RedirectURL: *redirect,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email", "groups"},
	}
	verifier := oauth2.GenerateVerifier()
	say(map[string]any{"url": config.AuthCodeURL("state-1", oidc.Nonce("nonce-1"), oauth2.S256ChallengeOption(verifier))})

	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		log.Fatal(err)
	}
	callback, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		log.Fatal(err)
	}
	if callback.Query().Get("state") != "state-1" {
		log.Fatal("another state")
	}
	token, err := config.Exchange(ctx, callback.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		log.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := provider.Verifier(&oidc.Config{ClientID: *id}).Verify(ctx, raw)
	if err != nil {
		log.Fatal(err)
	}
	if idToken.Nonce != "nonce-1" {
		log.Fatal("another nonce")
	}
	if err := idToken.VerifyAccessToken(token.AccessToken); err != nil {
		log.Fatal(err)
	}
	person, err := provider.UserInfo(ctx, config.TokenSource(ctx, token))
	if err != nil {
		log.Fatal(err)
	}
	var claims map[string]any
	if err := person.Claims(&claims); err != nil {
		log.Fatal(err)
	}
	renewed, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if err != nil {
		log.Fatal(err)
	}
	say(map[string]any{"sub": idToken.Subject, "person": claims, "renewed": renewed.AccessToken != token.AccessToken})
}
