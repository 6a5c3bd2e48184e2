module github.com/ntc-gov-pk/govpk-operator/hack/tools/build

go 1.26.0
