// Package cron is Cloudflare's cron triggers: the five-field dialect in UTC
// and a scheduler that runs on the emulator's clock.
//
// https://developers.cloudflare.com/workers/configuration/cron-triggers/
package cron
