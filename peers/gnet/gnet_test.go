package gnet_test

import (
	"testing"

	"github.com/c10kit/c10kit/models/modeltest"
	_ "github.com/c10kit/c10kit/peers/gnet"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

func TestModel(t *testing.T) { modeltest.TestModel(t, "gnet") }

func TestProofSkips(t *testing.T) { modeltest.ProofSkips(t, "gnet") }
