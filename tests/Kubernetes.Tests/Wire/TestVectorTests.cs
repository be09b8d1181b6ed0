using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Wire;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

/// <summary>The bytes of wire notes 12.</summary>
public sealed class TestVectorTests
{
    private const string EndMarker =
        "000000790a08424f4f4b4d41524b126d0a6b6b3873000a240a13646973636f766572792e6b38732e696f2f7631120d456e64706f696e74536c696365"
        + "123b0a370a0012001a0022002a003204323130353800420062210a196b38732e696f2f696e697469616c2d6576656e74732d656e641204747275652200"
        + "1a002200";

    private const string Expired =
        "000000640a054552524f52125b0a596b3873000a0c0a027631120653746174757312410a060a0012001a0012074661696c7572651a22746f6f206f6c64207265"
        + "736f757263652076657273696f6e3a203120283139393429220745787069726564309a031a002200";

    private const string Node =
        "0a460a066e6f64652d6112001a0022002a2439306363326464352d343039652d346563302d383765652d623433306635386132356364320431383731380042"
        + "0808cfbe81d806100012360a0012001a0020002a2c0a1c6e6f64652e6b756265726e657465732e696f2f6e6f742d726561647912001a0a4e6f536368656475"
        + "6c651a4d1a002a190a0a496e7465726e616c4950120b3139322e3136382e302e322a120a08486f73746e616d6512066e6f64652d6132040a0208003a140a00"
        + "12001a0022002a0032003a0042004a005200";

    private const string Endpoints =
        "0a030a0170"
        + "120c0a0831302e302e302e311200120e0a0831302e302e302e3212020800120e0a0831302e302e302e3312020801"
        + "1a070a0012035443501a080a0178120354435022044950763" + "4";

    private readonly NameTable _names = new(new Utf8StringPool());

    [Fact]
    public async Task TheEndMarkerOfAStreamingList()
    {
        ResourceEvent<EndpointSlice> only =
            (await Streams.Read(ApiResources.EndpointSlices, Convert.FromHexString(EndMarker), WireFormat.Protobuf, isWatch: true)).Single();

        only.Type.Should().Be(ResourceEventType.Bookmark);
        only.EndsListing.Should().BeTrue();
        only.ResourceVersion.Should().Be("2105");
    }

    [Fact]
    public async Task AnErrorEvent()
    {
        ResourceEvent<Service> only =
            (await Streams.Read(ApiResources.Services, Convert.FromHexString(Expired), WireFormat.Protobuf, isWatch: true)).Single();

        only.Status.Should().Be(new ApiStatus { Code = 410, Reason = "Expired", Message = "too old resource version: 1 (1994)" });
    }

    [Fact]
    public void ANodeWithAddressesAndATaint()
    {
        Node node = new NodeWireDecoder(new Utf8StringPool()).Decode(Convert.FromHexString(Node), _names);

        node.Name.Should().Be("node-a");
        node.IsLeaving.Should().BeFalse();
        node.Addresses.Should().Be((RuleModel.Collections.EquatableArray<NodeAddress>)[new("InternalIP", "192.168.0.2"), new("Hostname", "node-a")]);
    }

    [Fact]
    public void MissingConditionsMeanReadyAndAMissingPortMakesTheEntryUseless()
    {
        EndpointSlice slice = new EndpointSliceWireDecoder(new Utf8StringPool()).Decode(Convert.FromHexString(Endpoints), _names);

        slice.Endpoints.AsSpan().ToArray().Select(endpoint => (endpoint.Address, endpoint.Conditions)).Should().Equal(
            (IpAddress.Parse("10.0.0.1"), EndpointConditions.Ready | EndpointConditions.Serving),
            (IpAddress.Parse("10.0.0.2"), EndpointConditions.Serving),
            (IpAddress.Parse("10.0.0.3"), EndpointConditions.Ready | EndpointConditions.Serving));
        slice.Ports.AsSpan().ToArray().Select(port => (port.Name, port.Port)).Should().Equal(("", 0), ("x", 0));
    }
}
